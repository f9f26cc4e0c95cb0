import { HoldfastError } from '#libs/kernel/errors.ts';
import { findBytes, signalOption } from '#libs/store/objects.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { chunkPool } from './chunk-pool.ts';
import { sha256Of } from './chunk.ts';
import type { RepositoryKeys } from './keys.ts';
import { decodeEntries, MAGIC_HEAD, openTable, packObject, readTrailer, TRAILER_BYTES } from './pack.ts';

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
  const { epoch, entries: encoded } = openTable(keys, bytes.subarray(table.start, table.end), pack);
  const entries = decodeEntries(encoded);
  if (entries.length !== bytes.readUInt32BE(table.end + 4)) throw damaged('number of chunks');
  let end = MAGIC_HEAD.length;
  for (const { offset, sealedBytes } of entries) {
    if (offset !== end) throw damaged('chunks do not lie side by side');
    end += sealedBytes;
  }
  if (end !== table.start) throw damaged('chunks do not reach the table');
  const sealing = keys.sealing(epoch)!;
  await Promise.all(
    entries.map(async (entry) => {
      const sealed = bytes.subarray(entry.offset, entry.offset + entry.sealedBytes);
      using held = await chunkPool.hold(sealed);
      signal?.throwIfAborted();
      if ((await held.open(sealing, entry)) === undefined) throw damaged('chunk does not open');
    }),
  );
  return { bytes: bytes.length, chunks: entries.length };
}
