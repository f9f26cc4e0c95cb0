import { createHash } from 'node:crypto';
import type { ManifestSnapshot } from '#libs/contracts/manifest.ts';
import { COMPONENTS } from '#libs/contracts/sites.ts';
import type { SnapshotId } from '#libs/kernel/ids.ts';
import type { Secret } from '#libs/kernel/secret.ts';
import { recipientOf, unwrapRings, wrapRing } from '#libs/repository/key-slots.ts';
import { createRepository, openRepository } from '#libs/repository/open.ts';
import type { Component, Repository } from '#libs/repository/port.ts';
import { openLogs } from '#libs/saga/logs.ts';
import { memoryStore } from '#libs/store/memory.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { manifestsOf } from '#services/restore-coordinator/fixtures/manifest.ts';
import type { seededOrder } from '../pivot/seeded.ts';

export const DEPLOYMENTS = ['records', 'archive'] as const;
const BACKUPS_EACH = 3;

export interface KeptBackup {
  readonly deployment: string;
  readonly backupId: string;
  readonly snapshots: readonly ManifestSnapshot[];
  /** By component and name of the stream: what went in. */
  readonly streams: ReadonlyMap<string, Buffer>;
}

export interface Kept {
  readonly store: ObjectStore;
  readonly identity: Secret;
  readonly recovery: Secret;
  readonly backups: readonly KeptBackup[];
  /** Written down while it was made: the backups, by `deployment/id`, that cannot be whole without the object. */
  readonly needs: ReadonlyMap<string, ReadonlySet<string>>;
}

type Random = ReturnType<typeof seededOrder>;

/** Two deployments in turn, three backups each; much of a backup is as in the one before, some as in the other one's. */
export async function keepBackups(
  random: Random,
  keys: { identity: Secret; recovery: Secret },
): Promise<Kept> {
  const store = memoryStore();
  const { id } = await createRepository({ store, ...keys });
  const own = (await unwrapRings(store, keys.identity)).rings[0]!;
  await wrapRing(store, {
    ring: own.ring,
    recipient: await recipientOf(keys.identity),
    slot: `second-${id}`,
  });
  for (const name of ['README.md', 'FORMAT.md']) await put(store, `about/${name}`, `${name} of ${id}`);
  for (const name of DEPLOYMENTS)
    for (const n of [1, 2]) await put(store, `deployments/${name}/spec/${n}.yaml`, `${name}: ${n}`);
  const repository = await openRepository({ store, identity: keys.identity });
  const needs = new Map<string, Set<string>>();
  const packOfChunk = new Map<string, string>();
  const pieces = Array.from({ length: 12 }, () => bytesFrom(random, 20_000));
  const backups: KeptBackup[] = [];
  for (let n = 0; n < BACKUPS_EACH * DEPLOYMENTS.length; n += 1) {
    const deployment = DEPLOYMENTS[n % DEPLOYMENTS.length]!;
    const contents = new Map<string, Buffer>();
    for (const component of COMPONENTS) {
      contents.set(`${component}/shared`, random.pick(pieces));
      contents.set(`${component}/own`, bytesFrom(random, 3000));
    }
    backups.push(await keepOne({ store, repository, needs, packOfChunk }, { deployment, n, contents }));
  }
  return { store, ...keys, backups, needs };
}

interface Parts {
  readonly store: ObjectStore;
  readonly repository: Repository;
  readonly needs: Map<string, Set<string>>;
  readonly packOfChunk: Map<string, string>;
}

async function keepOne(
  { store, repository, needs, packOfChunk }: Parts,
  wish: { deployment: string; n: number; contents: ReadonlyMap<string, Buffer> },
): Promise<KeptBackup> {
  const { deployment, n, contents } = wish;
  const backupId = `20260101T00000${n}Z-0000000${n}`;
  const need = (object: string) => {
    const by = needs.get(object) ?? new Set();
    needs.set(object, by.add(`${deployment}/${backupId}`));
  };
  let before = new Set(await namesBelow(store, 'packs/'));
  const onComponent = async (component: Component, chunks: readonly string[]): Promise<void> => {
    const names = await namesBelow(store, 'packs/');
    const fresh = names.filter((name) => !before.has(name));
    if (fresh.length !== 1) throw new Error(`${fresh.length} new packs: a chunk could be in any`);
    before = new Set(names);
    for (const chunk of chunks) {
      if (!packOfChunk.has(chunk)) packOfChunk.set(chunk, fresh[0]!);
      need(packOfChunk.get(chunk)!);
    }
    need(`snapshots/${deployment}/${component}/${backupId}-${component}`);
  };
  need(`backups/${deployment}/${backupId}.json`);
  return await writeBackup({ store, repository }, { deployment, backupId, contents, onComponent });
}

/** In the order of the product: packs, index, snapshots, manifest, log. The same again is the same. */
export async function writeBackup(
  { store, repository }: Pick<Parts, 'store' | 'repository'>,
  wish: {
    readonly deployment: string;
    readonly backupId: string;
    readonly contents: ReadonlyMap<string, Buffer>;
    readonly onComponent?: (component: Component, chunks: readonly string[]) => Promise<void>;
  },
): Promise<KeptBackup> {
  const { deployment, backupId, contents, onComponent } = wish;
  const snapshots: ManifestSnapshot[] = [];
  for (const component of COMPONENTS) {
    await using writer = repository.writer();
    const streams = Object.fromEntries(
      await Promise.all(
        ['shared', 'own'].map(
          async (name) => [name, await writer.writeStream([contents.get(`${component}/${name}`)!])] as const,
        ),
      ),
    );
    const { packs } = await writer.flush();
    const id = `${backupId}-${component}` as SnapshotId;
    const known = { deployment, component, id, runId: '0'.repeat(32), takenAt: '', mark: '', facts: {} };
    const { digest } = await repository.putSnapshot({ ...known, streams, packs });
    snapshots.push({ component, id, digest, sourceBytes: 0, newBytes: 0, packs: [...packs], facts: {} });
    await onComponent?.(
      component,
      Object.values(streams).flatMap(({ chunks }) => chunks),
    );
  }
  await commit({ store, repository }, { deployment, backupId, snapshots });
  return { deployment, backupId, snapshots, streams: contents };
}

/** As the coordinator does: the manifest, then its entry in the log. */
async function commit(
  { store, repository }: Pick<Parts, 'store' | 'repository'>,
  { deployment, backupId, snapshots }: Omit<KeptBackup, 'streams'>,
): Promise<void> {
  const empty = manifestsOf(deployment, memoryStore(), repository);
  await empty.commit(backupId);
  const { manifest } = await empty.manifests.read(deployment, backupId);
  const { manifests } = manifestsOf(deployment, store, repository);
  const { digest } = await manifests.commit({ ...manifest, snapshots: [...snapshots] });
  const event = { kind: 'committed', runId: manifest.runId, backupId, manifestDigest: digest } as const;
  await openLogs(store).append(deployment, () => event);
}

async function put(store: ObjectStore, name: string, text: string): Promise<void> {
  await store.put(name, Buffer.from(text), { createOnly: true });
}

export async function namesBelow(store: ObjectStore, prefix: string): Promise<string[]> {
  return await Array.fromAsync(store.list(prefix), ({ name }) => name);
}

/** Rows in their first half, and nothing that shrinks in the other. */
export function bytesFrom(random: Random, length: number): Buffer {
  const seed = String(random.fraction());
  const hard = Array.from({ length: length / 64 }, (_, n) =>
    createHash('sha256').update(`${seed} ${n}`).digest(),
  );
  return Buffer.concat([Buffer.from(`${seed}\tdocument\n`.repeat(Math.ceil(length / 60))), ...hard]);
}
