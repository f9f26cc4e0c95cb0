import { HoldfastError } from '#libs/kernel/errors.ts';
import type { ChunkHead } from './chunk.ts';
import type { RepositoryKeys } from './keys.ts';
import { epochOf, openFor, sealFor } from './sealed-object.ts';

/** A pack is closed when it reaches this; one chunk may carry it beyond. */
export const PACK_BYTES_AIM = 16 * 1024 * 1024;

export const MAGIC_HEAD = Buffer.from('HFPACK02');
const MAGIC_TAIL = Buffer.from('HFTABL02');
/** A pack may be of one small file, or of so much that it is closed, with a table of many small chunks. */
const ROOMS = [256 * 1024, 2 * 1024 * 1024, PACK_BYTES_AIM + 5 * 1024 * 1024];
const TABLE_PURPOSE = 'pack-table';
export const ENTRY_BYTES = 45;
export const TRAILER_BYTES = 16;

export interface PackEntry extends ChunkHead {
  readonly offset: number;
  readonly sealedBytes: number;
}

/** What a pack says of itself: the key epoch that all of it is sealed under, and its chunks in order. */
export interface PackTable {
  readonly epoch: number;
  readonly entries: readonly PackEntry[];
}

/** Collects sealed chunks of one key epoch; `close` gives the bytes whose SHA-256 is the pack's name. */
export class PackBuilder {
  readonly #entries: PackEntry[] = [];
  #buffer: Buffer;
  #bytes: number;

  /** In the room of a pack that is stored by now, if there is one. */
  constructor(room: Buffer = Buffer.allocUnsafeSlow(ROOMS[0]!)) {
    this.#buffer = room;
    this.#bytes = MAGIC_HEAD.copy(room);
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** Copies the bytes. */
  add(head: ChunkHead, sealed: Buffer): void {
    this.#entries.push({ ...head, offset: this.#bytes, sealedBytes: sealed.length });
    this.#append(sealed);
  }

  close(keys: RepositoryKeys): { readonly bytes: Buffer; readonly room: Buffer; readonly table: PackTable } {
    const table = sealFor(keys, TABLE_PURPOSE, encodeEntries(this.#entries));
    const trailer = Buffer.alloc(TRAILER_BYTES);
    trailer.writeUInt32BE(table.length, 0);
    trailer.writeUInt32BE(this.#entries.length, 4);
    MAGIC_TAIL.copy(trailer, 8);
    this.#append(table);
    this.#append(trailer);
    const bytes = this.#buffer.subarray(0, this.#bytes);
    return { bytes, room: this.#buffer, table: { epoch: keys.epoch, entries: this.#entries } };
  }

  #append(bytes: Buffer): void {
    const end = this.#bytes + bytes.length;
    if (end > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(ROOMS.find((room) => room >= end) ?? end);
      this.#buffer.copy(larger, 0, 0, this.#bytes);
      this.#buffer = larger;
    }
    bytes.copy(this.#buffer, this.#bytes);
    this.#bytes = end;
  }
}

/** Where the sealed table lies, from a pack's last bytes. Throws PACK_DAMAGED. */
export function readTrailer(
  trailer: Uint8Array,
  packBytes: number,
  pack: string,
): { start: number; end: number } {
  const bytes = Buffer.from(trailer);
  const whole = bytes.length === TRAILER_BYTES && bytes.subarray(8).equals(MAGIC_TAIL);
  const end = packBytes - TRAILER_BYTES;
  const start = whole ? end - bytes.readUInt32BE(0) : -1;
  if (start < MAGIC_HEAD.length) throw new HoldfastError('PACK_DAMAGED', { pack, reason: 'trailer' });
  return { start, end };
}

/** Key epoch and encoded entries. Throws PACK_DAMAGED when the table is not this repository's or not whole. */
export function openTable(
  keys: RepositoryKeys,
  sealed: Uint8Array,
  pack: string,
): { readonly epoch: number; readonly entries: Buffer } {
  const entries = openFor(keys, TABLE_PURPOSE, sealed);
  if (entries === undefined || entries.length % ENTRY_BYTES !== 0)
    throw new HoldfastError('PACK_DAMAGED', { pack, reason: 'table' });
  return { epoch: epochOf(sealed), entries };
}

export function encodeEntries(entries: readonly PackEntry[]): Buffer {
  const bytes = Buffer.alloc(entries.length * ENTRY_BYTES);
  entries.forEach((entry, n) => {
    const at = n * ENTRY_BYTES;
    bytes.write(entry.id, at, 'hex');
    bytes.writeUInt8(entry.method, at + 32);
    bytes.writeUInt32BE(entry.rawBytes, at + 33);
    bytes.writeUInt32BE(entry.offset, at + 37);
    bytes.writeUInt32BE(entry.sealedBytes, at + 41);
  });
  return bytes;
}

export function decodeEntries(bytes: Buffer): readonly PackEntry[] {
  return Array.from({ length: bytes.length / ENTRY_BYTES }, (_, n) => {
    const at = n * ENTRY_BYTES;
    return {
      id: bytes.toString('hex', at, at + 32),
      method: bytes.readUInt8(at + 32),
      rawBytes: bytes.readUInt32BE(at + 33),
      offset: bytes.readUInt32BE(at + 37),
      sealedBytes: bytes.readUInt32BE(at + 41),
    };
  });
}

export function packObject(name: string): string {
  return `packs/${name.slice(0, 2)}/${name}`;
}
