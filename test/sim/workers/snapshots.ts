import type { SnapshotRef } from '#libs/contracts/requests.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { sha256 } from '#libs/kernel/ids.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { ObjectStore } from '#libs/store/port.ts';

/** What a snapshot of the simulated world holds: names of documents, or of children with their content. */
export type Content = Readonly<Record<string, string>>;

interface SnapshotObject {
  readonly mark: string;
  readonly packs: readonly string[];
}

export const packName = (digest: string): string => `packs/${digest.slice(0, 2)}/${digest}`;

/** Packs, then the snapshot that names them, as the repository does it. */
export async function putSnapshot(
  store: ObjectStore,
  where: Omit<SnapshotRef, 'digest'>,
  taken: { readonly mark: string; readonly content: Content },
): Promise<{ readonly ref: SnapshotRef; readonly packs: readonly string[] }> {
  const bytes = Buffer.from(JSON.stringify(taken.content));
  const pack = sha256(bytes);
  await create(store, packName(pack), bytes);
  const object = Buffer.from(JSON.stringify({ mark: taken.mark, packs: [pack] } satisfies SnapshotObject));
  const { deployment, component, id } = where;
  await store.put(`snapshots/${deployment}/${component}/${id}`, object, { createOnly: true });
  return { ref: { ...where, digest: sha256(object) }, packs: [pack] };
}

/** Read whole, every byte compared with its name. */
export async function readSnapshot(store: ObjectStore, ref: SnapshotRef): Promise<Content> {
  const { deployment, component, id, digest } = ref;
  const bytes = await store.get(`snapshots/${deployment}/${component}/${id}`);
  if (sha256(bytes) !== digest) throw new HoldfastError('SNAPSHOT_DAMAGED', { snapshot: id });
  const { packs } = JSON.parse(bytes.toString()) as SnapshotObject;
  const contents = await Promise.all(
    packs.map(async (pack) => {
      const read = await store.get(packName(pack));
      if (sha256(read) !== pack) throw new HoldfastError('PACK_DAMAGED', { pack });
      return JSON.parse(read.toString()) as Content;
    }),
  );
  return Object.assign({}, ...contents) as Content;
}

export async function create(store: ObjectStore, name: string, bytes: Buffer): Promise<void> {
  await store.put(name, bytes, { createOnly: true }).catch((error: unknown) => {
    if (HoldfastError.from(error).code !== 'OBJECT_EXISTS') throw error;
  });
}

export const asJson = (value: unknown): Json => value as Json;
