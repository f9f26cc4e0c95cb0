import pLimit from 'p-limit';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { findBytes, signalOption } from '#libs/store/objects.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { openChunk, sha256Of } from './chunk.ts';
import type { RepositoryKeys } from './keys.ts';
import { MAGIC_HEAD, openTable, packObject, readTrailer, TRAILER_BYTES } from './pack.ts';

/** Bounds what lies open beside the pack itself. */
const CHUNKS_AT_ONCE = 4;

/** Name, head, table and every chunk; throws PACK_DAMAGED at the first that does not fit. */
export async function verifyPack(
  { store, keys }: { store: ObjectStore; keys: RepositoryKeys },
  pack: string,
  { signal }: { signal?: AbortSignal } = {},
): Promise<{ bytes: number; chunks: number }> {
  const damaged = (reason: string) => new HoldfastError('PACK_DAMAGED', { pack, reason });
  const bytes = await findBytes(store, packObject(pack), signalOption(signal));
  if (bytes === undefined) throw damaged('missing');
  if (sha256Of(bytes).toString('hex') !== pack) throw damaged('bytes do not fit the name');
  if (!bytes.subarray(0, MAGIC_HEAD.length).equals(MAGIC_HEAD)) throw damaged('head');
  const table = readTrailer(bytes.subarray(-TRAILER_BYTES), bytes.length, pack);
  const { epoch, entries } = openTable(keys, bytes.subarray(table.start, table.end), pack);
  if (entries.length !== bytes.readUInt32BE(table.end + 4)) throw damaged('number of chunks');
  let end = MAGIC_HEAD.length;
  for (const { offset, sealedBytes } of entries) {
    if (offset !== end) throw damaged('chunks do not lie side by side');
    end += sealedBytes;
  }
  if (end !== table.start) throw damaged('chunks do not reach the table');
  await pLimit(CHUNKS_AT_ONCE).map(entries, async (entry) => {
    signal?.throwIfAborted();
    const plain = await openChunk(
      keys,
      { ...entry, epoch },
      bytes.subarray(entry.offset, entry.offset + entry.sealedBytes),
    );
    if (plain === undefined) throw damaged('chunk does not open');
  });
  return { bytes: bytes.length, chunks: entries.length };
}
