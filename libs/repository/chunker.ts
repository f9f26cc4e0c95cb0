import { free } from '#libs/kernel/free.ts';
import { Gear } from './gear.ts';
import { hmac } from './keys.ts';

/** Content-defined cuts: Gear with a normalised cut (FORMAT.md#chunking). */
export const CHUNK_BYTES_MIN = 256 * 1024;
export const CHUNK_BYTES_AIM = 1024 * 1024;
export const CHUNK_BYTES_MAX = 4 * 1024 * 1024;

/** Most files are small, and end before they need the largest. */
const ROOMS = [16 * 1024, CHUNK_BYTES_MIN, CHUNK_BYTES_AIM, CHUNK_BYTES_MAX];

/** Before the aim a cut needs 22 zero bits, after it 18: sizes gather around the aim. As the signed words of the hash. */
const MASK_EARLY = 0xfffffc00 | 0;
const MASK_LATE = 0xffffc000 | 0;

/** 256 words from the repository's own key, so that cut points tell a stranger less. */
export function gearTable(key: Uint8Array): Uint32Array {
  const table = new Uint32Array(256);
  for (let n = 0; n < 256; n += 1) table[n] = hmac(key, Uint8Array.of(n)).readUInt32BE(0);
  return table;
}

export interface Cut {
  readonly bytes: Uint8Array;
  /** Known of what is left at the end, not of a chunk that ends there by chance. */
  readonly isLast: boolean;
}

/**
 * Cuts a stream into chunks. A chunk is the caller's until the next one is asked for, and so is a piece of the source:
 * whoever reads may read into the same memory again and again.
 */
export async function* chunked(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  table: Uint32Array,
): AsyncIterable<Cut> {
  const cutter = new Cutter(table);
  using begun = new Begun();
  for await (const piece of source) {
    let start = 0;
    for (let end = cutter.next(piece, start); end !== undefined; end = cutter.next(piece, start)) {
      yield { bytes: begun.with(piece.subarray(start, end)), isLast: false };
      start = end;
    }
    begun.add(piece.subarray(start));
  }
  const last = begun.with(new Uint8Array(0));
  if (last.length > 0) yield { bytes: last, isLast: true };
}

/** A chunk whose end is still to come. */
class Begun implements Disposable {
  #room = Buffer.alloc(0);
  #bytes = 0;

  add(piece: Uint8Array): void {
    const end = this.#bytes + piece.length;
    if (end > this.#room.length) {
      const larger = Buffer.allocUnsafeSlow(ROOMS.find((room) => room >= end) ?? CHUNK_BYTES_MAX);
      this.#room.copy(larger, 0, 0, this.#bytes);
      free(this.#room);
      this.#room = larger;
    }
    this.#room.set(piece, this.#bytes);
    this.#bytes = end;
  }

  [Symbol.dispose](): void {
    free(this.#room);
  }

  /** All of it, with its end; the next one begins empty. */
  with(end: Uint8Array): Uint8Array {
    if (this.#bytes === 0) return end;
    this.add(end);
    const chunk = this.#room.subarray(0, this.#bytes);
    this.#bytes = 0;
    return chunk;
  }
}

/** Finds the cuts of a stream that is given piece by piece; they do not depend on where the pieces end. */
class Cutter {
  readonly #gear: Gear;
  #length = 0;

  constructor(table: Uint32Array) {
    this.#gear = new Gear(table);
  }

  /** Where in `piece` the chunk ends that goes on at `start`, or undefined when it goes on beyond. */
  next(piece: Uint8Array, start: number): number | undefined {
    const room = piece.length - start;
    const origin = start - this.#length;
    const skipped = Math.min(Math.max(CHUNK_BYTES_MIN - this.#length, 0), room);
    const early = this.#gear.scan(
      piece,
      start + skipped,
      Math.min(origin + CHUNK_BYTES_AIM, piece.length),
      MASK_EARLY,
    );
    const late = Math.max(start + skipped, origin + CHUNK_BYTES_AIM);
    const end =
      early ?? this.#gear.scan(piece, late, Math.min(origin + CHUNK_BYTES_MAX, piece.length), MASK_LATE);
    const cut = end ?? (this.#length + room >= CHUNK_BYTES_MAX ? origin + CHUNK_BYTES_MAX : undefined);
    this.#length = cut === undefined ? this.#length + room : 0;
    if (cut !== undefined) this.#gear.reset();
    return cut;
  }
}
