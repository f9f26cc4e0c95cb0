import { manifestSchema } from '#libs/contracts/manifest.ts';
import type { SnapshotRef } from '#libs/contracts/requests.ts';
import type { Secret } from '#libs/kernel/secret.ts';
import { unwrapRings } from '#libs/repository/key-slots.ts';
import { deriveKeys } from '#libs/repository/keys.ts';
import { neededChunks } from '#libs/repository/needed-chunks.ts';
import { openRepository } from '#libs/repository/open.ts';
import { decodeEntries, openTable, readTrailer, TRAILER_BYTES } from '#libs/repository/pack.ts';
import type { PackEntry } from '#libs/repository/pack.ts';
import type { ObjectStore } from '#libs/store/port.ts';

/** A stored backup, and one before it, as somebody sees them who looks for a place to harm the newer one's database. */
export interface Anatomy {
  readonly store: ObjectStore;
  readonly manifest: { readonly name: string; readonly bytes: Buffer };
  readonly older: { readonly manifest: Buffer; readonly snapshot: Buffer; readonly ref: SnapshotRef };
  readonly snapshot: { readonly name: string; readonly bytes: Buffer; readonly ref: SnapshotRef };
  /** Packs that its restore reads. */
  readonly packs: readonly Pack[];
  /** Names of all index objects. */
  readonly indexes: readonly string[];
}

export interface Pack {
  readonly name: string;
  readonly bytes: Buffer;
  /** In their order; those that the database's restore needs. */
  readonly needed: readonly PackEntry[];
  /** Where chunks end, and the sealed table begins. */
  readonly tableStart: number;
}

export async function lookInto(
  store: ObjectStore,
  identity: Secret,
  {
    deployment,
    backupId,
    olderId,
  }: { readonly deployment: string; readonly backupId: string; readonly olderId: string },
): Promise<Anatomy> {
  const manifestNamed = async (id: string) => {
    const name = `backups/${deployment}/${id}.json`;
    const bytes = await store.get(name);
    const { manifest } = JSON.parse(bytes.toString()) as { manifest: unknown };
    const entry = manifestSchema.parse(manifest).snapshots.find(({ component }) => component === 'database')!;
    const ref: SnapshotRef = { deployment, component: 'database', id: entry.id, digest: entry.digest };
    return { name, bytes, ref };
  };
  const [newest, older] = [await manifestNamed(backupId), await manifestNamed(olderId)];
  const repository = await openRepository({ store, identity });
  const needed = new Set<string>();
  for await (const ids of neededChunks(repository, await repository.readSnapshot(newest.ref)))
    for (const id of ids) needed.add(id);
  const { rings } = await unwrapRings(store, identity);
  const keys = deriveKeys(rings[0]!.ring);
  const packs: Pack[] = [];
  for await (const { name } of store.list('packs/')) {
    const bytes = await store.get(name);
    const pack = name.slice(name.lastIndexOf('/') + 1);
    const { start, end } = readTrailer(bytes.subarray(-TRAILER_BYTES), bytes.length, pack);
    const entries = decodeEntries(openTable(keys, bytes.subarray(start, end), pack).entries);
    const own = entries.filter(({ id }) => needed.has(id));
    if (own.length > 0) packs.push({ name, bytes, needed: own, tableStart: start });
  }
  const name = nameOf(newest.ref);
  return {
    store,
    manifest: newest,
    older: { manifest: older.bytes, snapshot: await store.get(nameOf(older.ref)), ref: older.ref },
    snapshot: { name, bytes: await store.get(name), ref: newest.ref },
    packs,
    indexes: await Array.fromAsync(store.list('index/'), (object) => object.name),
  };
}

function nameOf({ deployment, component, id }: SnapshotRef): string {
  return `snapshots/${deployment}/${component}/${id}`;
}
