import { sha256Of } from './chunk.ts';
import type { RepositoryKeys } from './keys.ts';
import { encodeEntries, ENTRY_BYTES, type PackTable } from './pack.ts';
import { openPacked, sealPacked } from './sealed-object.ts';

const PURPOSE = 'index';
const NAME_BYTES = 32;
const HEAD_BYTES = NAME_BYTES + 8;
/** What reader and merger hold of one index object at a time. */
const PLAIN_BYTES_MAX = 32 * 1024 * 1024;
/** No pack has it: the name in front of it is that of an index object. */
const REPLACED = 0;

export const INDEX_PREFIX = 'index/';

/** Views into the object's bytes: nothing is made for a chunk. */
export interface PackSection {
  readonly name: Buffer;
  readonly epoch: number;
  /** As in the pack's table. */
  readonly entries: Buffer;
  readonly bytes: Buffer;
}

export interface IndexSegment {
  readonly packs: readonly PackSection[];
  /** Names of index objects whose packs are all in this one, or in those written together with it. */
  readonly replaces: readonly string[];
}

export function packSection(pack: string, { epoch, entries }: PackTable): Buffer {
  return section(pack, { epoch, entries: encodeEntries(entries), count: entries.length });
}

export function replacedSection(segment: string): Buffer {
  const name = segment.slice(INDEX_PREFIX.length);
  return section(name, { epoch: REPLACED, entries: Buffer.alloc(0), count: 0 });
}

/** Index objects of bounded size that hold the sections in their order; what one replaces has to come last. */
export function* sealSegments(
  keys: RepositoryKeys,
  sections: Iterable<Buffer>,
): Iterable<{ readonly name: string; readonly bytes: Buffer }> {
  let parts: Buffer[] = [];
  let plainBytes = 0;
  for (const part of sections) {
    if (parts.length > 0 && plainBytes + part.length > PLAIN_BYTES_MAX) {
      yield sealSegment(keys, parts);
      parts = [];
      plainBytes = 0;
    }
    parts.push(part);
    plainBytes += part.length;
  }
  if (parts.length > 0) yield sealSegment(keys, parts);
}

/** Undefined when damaged, another repository's, or put under another one's name (FORMAT.md#index). */
export function openSegment(
  keys: RepositoryKeys,
  name: string,
  sealed: Uint8Array,
): IndexSegment | undefined {
  if (name !== nameOf(sealed)) return undefined;
  const bytes = openPacked(keys, PURPOSE, sealed);
  if (bytes === undefined) return undefined;
  const packs: PackSection[] = [];
  const replaces: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const start = at + HEAD_BYTES;
    if (start > bytes.length) return undefined;
    const epoch = bytes.readUInt32BE(at + NAME_BYTES);
    const end = start + bytes.readUInt32BE(at + NAME_BYTES + 4) * ENTRY_BYTES;
    if (end > bytes.length) return undefined;
    const packName = bytes.subarray(at, at + NAME_BYTES);
    if (epoch === REPLACED) replaces.push(`${INDEX_PREFIX}${packName.toString('hex')}`);
    else
      packs.push({
        name: packName,
        epoch,
        entries: bytes.subarray(start, end),
        bytes: bytes.subarray(at, end),
      });
    at = end;
  }
  return { packs, replaces };
}

function section(name: string, it: { epoch: number; entries: Buffer; count: number }): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.write(name, 0, 'hex');
  head.writeUInt32BE(it.epoch, NAME_BYTES);
  head.writeUInt32BE(it.count, NAME_BYTES + 4);
  return Buffer.concat([head, it.entries]);
}

function sealSegment(keys: RepositoryKeys, parts: readonly Buffer[]) {
  const bytes = sealPacked(keys, PURPOSE, Buffer.concat(parts));
  return { name: nameOf(bytes), bytes };
}

function nameOf(sealed: Uint8Array): string {
  return `${INDEX_PREFIX}${sha256Of(sealed).toString('hex')}`;
}
