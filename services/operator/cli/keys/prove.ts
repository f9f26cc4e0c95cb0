import { openManifest } from '#libs/contracts/manifest.ts';
import { isoTime, type Clock } from '#libs/kernel/clock.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { canonicalJson, jsonIfAny } from '#libs/kernel/json.ts';
import type { Secret } from '#libs/kernel/secret.ts';
import { listRecipients } from '#libs/repository/change-recipients.ts';
import { recipientOf } from '#libs/repository/key-slots.ts';
import { openRepository, type OpenedRepository } from '#libs/repository/open.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { z } from 'zod';

const PREFIX = 'keys/proofs/';

const proofSchema = z.object({ name: z.string(), at: z.string(), backup: z.string() });
/** That a key opened the store, and which backup it read. */
export type KeyProof = z.infer<typeof proofSchema>;

/**
 * Opens the store with a key, reads a manifest, a snapshot and the beginning of each of its streams, and says so in the
 * store. Throws KEY_WRONG, KEYS_REFUSED when the key is nobody's, REPOSITORY_READ_ONLY when it is not of the newest
 * epoch, BACKUP_NOT_FOUND while there is nothing to read.
 */
export async function proveKey(store: ObjectStore, identity: Secret, clock: Clock): Promise<KeyProof> {
  const repository = await openRepository({ store, identity });
  if (repository.readOnly !== undefined) throw repository.readOnly;
  const own = await recipientOf(identity);
  const recipient = (await listRecipients(store)).recipients.find((each) => each.recipient === own);
  if (recipient === undefined) throw new HoldfastError('KEYS_REFUSED', { reason: 'the key is nobody’s' });
  const proof = { name: recipient.name, at: isoTime(clock), backup: await readSomething(store, repository) };
  const signature = repository.sign(Buffer.from(canonicalJson(proof)));
  const name = `${PREFIX}${proof.name}-${proof.at.replaceAll(/[-:.]/g, '')}.json`;
  await store.put(name, Buffer.from(`${JSON.stringify({ proof, signature })}\n`), { createOnly: true });
  return proof;
}

/** The newest proof of each recipient that `repository` signed, by name; a listing may hide the last one. */
export async function newestProofs(
  store: ObjectStore,
  repository: OpenedRepository,
): Promise<ReadonlyMap<string, KeyProof>> {
  const newest = new Map<string, KeyProof>();
  const schema = z.object({ proof: proofSchema, signature: z.string() });
  for await (const { name } of store.list(PREFIX)) {
    const { data } = schema.safeParse(jsonIfAny(await store.get(name)));
    if (data === undefined) continue;
    const { proof, signature } = data;
    if (!repository.verifySignature(Buffer.from(canonicalJson(proof)), signature)) continue;
    if ((newest.get(proof.name)?.at ?? '') < proof.at) newest.set(proof.name, proof);
  }
  return newest;
}

/** The newest by its id of any deployment. */
async function readSomething(store: ObjectStore, repository: OpenedRepository): Promise<string> {
  let newest: { readonly deployment: string; readonly id: string } | undefined;
  for await (const { name } of store.list('backups/')) {
    const [, deployment, id] = /^backups\/([^/]+)\/([^/]+)\.json$/.exec(name) ?? [];
    if (deployment !== undefined && id !== undefined && id > (newest?.id ?? '')) newest = { deployment, id };
  }
  if (newest === undefined) throw new HoldfastError('BACKUP_NOT_FOUND', { store: store.name });
  const { deployment, id } = newest;
  const bytes = await store.get(`backups/${deployment}/${id}.json`);
  const manifest = openManifest(bytes, newest, (...signed) => repository.verifySignature(...signed));
  for (const { component, id: snapshotId, digest } of manifest.snapshots) {
    const snapshot = await repository.readSnapshot({ deployment, component, id: snapshotId, digest });
    for (const stream of Object.values(snapshot.streams))
      for await (const _ of repository.read(stream)) break;
  }
  return `${deployment}/${id}`;
}
