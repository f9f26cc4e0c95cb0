import { HoldfastError } from '#libs/kernel/errors.ts';
import { findBytes } from '#libs/store/objects.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { RepositoryKeys } from './keys.ts';
import { openTable, packObject, readTrailer, TRAILER_BYTES } from './pack.ts';

/**
 * What a pack says of its own chunks, by two small reads: its key epoch and the bytes of its table. Undefined when it
 * is gone or damaged.
 */
export async function findPackTable(
  store: ObjectStore,
  keys: RepositoryKeys,
  { pack, bytes }: { pack: string; bytes: number },
): Promise<ReturnType<typeof openTable> | undefined> {
  const read = (start: number, end: number) => findBytes(store, packObject(pack), { range: { start, end } });
  const trailer = await read(Math.max(0, bytes - TRAILER_BYTES), bytes);
  if (trailer === undefined) return undefined;
  try {
    const { start, end } = readTrailer(trailer, bytes, pack);
    const sealed = await read(start, end);
    return sealed && openTable(keys, sealed, pack);
  } catch (error) {
    if (HoldfastError.from(error).code !== 'PACK_DAMAGED') throw error;
    return undefined;
  }
}
