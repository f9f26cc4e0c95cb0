import type { RepositoryKeys } from './keys.ts';
import { decodeEntries, encodeEntries, ENTRY_BYTES, type PackTable } from './pack.ts';
import { openPacked, sealPacked } from './sealed-object.ts';

const PURPOSE = 'index';
const PACK_NAME_BYTES = 32;
const HEAD_BYTES = PACK_NAME_BYTES + 8;

/** Per pack its name, its key epoch, the number of its chunks, and their entries as in its table (FORMAT.md#index). */
export function encodeIndex(keys: RepositoryKeys, packs: ReadonlyMap<string, PackTable>): Buffer {
  const parts = [...packs].flatMap(([pack, { epoch, entries }]) => {
    const head = Buffer.alloc(HEAD_BYTES);
    head.write(pack, 0, 'hex');
    head.writeUInt32BE(epoch, PACK_NAME_BYTES);
    head.writeUInt32BE(entries.length, PACK_NAME_BYTES + 4);
    return [head, encodeEntries(entries)];
  });
  return sealPacked(keys, PURPOSE, Buffer.concat(parts));
}

/** Undefined when damaged or another repository's. */
export function decodeIndex(
  keys: RepositoryKeys,
  sealed: Uint8Array,
): ReadonlyMap<string, PackTable> | undefined {
  const bytes = openPacked(keys, PURPOSE, sealed);
  if (bytes === undefined) return undefined;
  const packs = new Map<string, PackTable>();
  for (let at = 0; at < bytes.length;) {
    const start = at + HEAD_BYTES;
    const end = start + bytes.readUInt32BE(at + PACK_NAME_BYTES + 4) * ENTRY_BYTES;
    packs.set(bytes.toString('hex', at, at + PACK_NAME_BYTES), {
      epoch: bytes.readUInt32BE(at + PACK_NAME_BYTES),
      entries: decodeEntries(bytes.subarray(start, end)),
    });
    at = end;
  }
  return packs;
}
