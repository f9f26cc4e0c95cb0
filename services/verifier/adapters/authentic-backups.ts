import { manifestSchema, signedManifestSchema } from '#libs/contracts/manifest.ts';
import type { SnapshotRef } from '#libs/contracts/requests.ts';
import { canonicalJson } from '#libs/kernel/json.ts';
import type { Repository } from '#libs/repository/port.ts';
import type { ObjectStore } from '#libs/store/port.ts';

/** A manifest that is damaged or not signed by the repository offers nothing, and is passed over. */
export async function* authenticBackups(
  deployment: string,
  { store, repository, signal }: { store: ObjectStore; repository: Repository; signal: AbortSignal },
): AsyncIterable<{ readonly backupId: string; readonly snapshots: readonly SnapshotRef[] }> {
  const names = await Array.fromAsync(store.list(`backups/${deployment}/`, { signal }), ({ name }) => name);
  for (const name of names.toReversed()) {
    const signed = signedManifestSchema.safeParse(parseJson(await store.get(name, { signal })));
    if (!signed.success) continue;
    const { manifest, signature } = signed.data;
    const bytes = Buffer.from(canonicalJson(manifestSchema.parse(manifest)));
    if (!repository.verifySignature(bytes, signature)) continue;
    const snapshots = manifest.snapshots.map(({ component, id, digest }) => ({
      deployment,
      component,
      id,
      digest,
    }));
    yield { backupId: manifest.backupId, snapshots };
  }
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
