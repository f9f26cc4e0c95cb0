import { HoldfastError } from '#libs/kernel/errors.ts';
import { findBytes } from '#libs/store/objects.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { ChunkIndex } from '../chunk-index.ts';
import { chunkPool } from '../chunk-pool.ts';
import { newestSealing, type RepositoryKeys } from '../keys.ts';
import { decodeEntries, openTable, packObject, PACK_BYTES_AIM, readTrailer, TRAILER_BYTES } from '../pack.ts';
import { PackUploads } from '../pack-uploads.ts';

interface Parts {
  readonly store: ObjectStore;
  readonly keys: RepositoryKeys;
  readonly index: ChunkIndex;
}

/**
 * Writes the needed chunks of these packs into new ones, sealed under the newest key epoch, and an index of them; the old
 * packs stay. Returns those all of whose needed chunks are in a durable pack now: a damaged one is passed by, for scrubbing
 * to name. Memory: one pack, and what `PackUploads` has under way.
 */
export async function repack(
  { store, keys, index }: Parts,
  wish: {
    readonly packs: readonly string[];
    readonly isNeeded: (pack: string, id: string) => Promise<boolean>;
    readonly onBytes: (bytes: number) => void;
  },
  signal: AbortSignal,
): Promise<{ readonly done: readonly string[]; readonly bytes: number }> {
  const uploads = new PackUploads(store, keys, signal);
  const done: string[] = [];
  /** Of two condemned packs with the same chunk both are written again, and the chunk is once. */
  const written = new Set<string>();
  let open = uploads.open();
  try {
    for (const pack of wish.packs) {
      const chunks = await openPack({ store, keys }, pack, (id) => wish.isNeeded(pack, id), signal);
      if (chunks === undefined) continue;
      for (const { id, plain } of chunks) {
        if (written.has(id)) continue;
        written.add(id);
        using held = await chunkPool.hold(plain);
        const { head, sealed } = await held.seal(newestSealing(keys), id);
        open.add(head, sealed);
        wish.onBytes(sealed.length);
        if (open.bytes < PACK_BYTES_AIM) continue;
        await uploads.start(open);
        open = uploads.open();
      }
      done.push(pack);
    }
    if (!open.isEmpty) await uploads.start(open);
    const packs = await uploads.finish();
    if (packs.size > 0) await index.write(packs, [], signal);
    return { done, bytes: uploads.bytes };
  } finally {
    await uploads.settle();
  }
}

/** Undefined when it is damaged or gone. */
async function openPack(
  { store, keys }: Omit<Parts, 'index'>,
  pack: string,
  isNeeded: (id: string) => Promise<boolean>,
  signal: AbortSignal,
): Promise<readonly { readonly id: string; readonly plain: Buffer }[] | undefined> {
  const bytes = await findBytes(store, packObject(pack), { signal });
  if (bytes === undefined) return undefined;
  try {
    const { start, end } = readTrailer(bytes.subarray(-TRAILER_BYTES), bytes.length, pack);
    const { epoch, entries } = openTable(keys, bytes.subarray(start, end), pack);
    const chunks = [];
    for (const entry of decodeEntries(entries)) {
      if (!(await isNeeded(entry.id))) continue;
      using held = await chunkPool.hold(bytes.subarray(entry.offset, entry.offset + entry.sealedBytes));
      const plain = await held.open(keys.sealing(epoch)!, entry);
      if (plain === undefined) return undefined;
      chunks.push({ id: entry.id, plain });
    }
    return chunks;
  } catch (thrown) {
    if (HoldfastError.from(thrown).code !== 'PACK_DAMAGED') throw thrown;
    return undefined;
  }
}
