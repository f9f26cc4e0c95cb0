import { HoldfastError } from '#libs/kernel/errors.ts';
import { findBytes } from '#libs/store/objects.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { RepositoryKeys } from './keys.ts';
import { ENTRY_BYTES, packObject, readTrailer, TRAILER_BYTES } from './pack.ts';
import { epochOf, openFor } from './sealed-object.ts';

const PURPOSE = 'pack-table';

/**
 * What a pack says of its own chunks, by two small reads: its key epoch and the bytes of its table. Undefined when it
 * is gone or damaged.
 */
export async function findPackTable(
  store: ObjectStore,
  keys: RepositoryKeys,
  { pack, bytes }: { pack: string; bytes: number },
): Promise<{ readonly epoch: number; readonly entries: Buffer } | undefined> {
  const read = (start: number, end: number) => findBytes(store, packObject(pack), { range: { start, end } });
  const trailer = await read(Math.max(0, bytes - TRAILER_BYTES), bytes);
  if (trailer === undefined) return undefined;
  try {
    const { start, end } = readTrailer(trailer, bytes, pack);
    const sealed = await read(start, end);
    const entries = sealed && openFor(keys, PURPOSE, sealed);
    if (sealed === undefined || entries === undefined || entries.length % ENTRY_BYTES !== 0) return undefined;
    return { epoch: epochOf(sealed), entries };
  } catch (error) {
    if (HoldfastError.from(error).code !== 'PACK_DAMAGED') throw error;
    return undefined;
  }
}
