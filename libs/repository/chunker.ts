import { free } from '#libs/kernel/free.ts';
import { Gear } from './gear.ts';
import { hmac } from './keys.ts';

/** Content-defined cuts: Gear with a normalised cut (FORMAT.md#chunking). */
interface Grain {
  /** No chunk but the last of a stream is shorter. */
  readonly min: number;
  readonly aim: number;
  readonly max: number;
  /** Bits of the hash that are zero where a chunk ends before the aim, and after it: so sizes gather around the aim. */
  readonly early: number;
  readonly late: number;
}

/** `fine` is for what changes by a little in many places: every change sends the chunk it lies in. */
export const GRAINS = {
  coarse: {
    min: 256 * 1024,
    aim: 1024 * 1024,
    max: 4 * 1024 * 1024,
    early: 0xfffffc00 | 0,
    late: 0xffffc000 | 0,
  },
  fine: {
    min: 128 * 1024,
    aim: 384 * 1024,
    max: 2 * 1024 * 1024,
    early: 0xfffff000 | 0,
    late: 0xffff8000 | 0,
  },
} as const satisfies Record<string, Grain>;
export type GrainName = keyof typeof GRAINS;

export const CHUNK_BYTES_MAX = GRAINS.coarse.max;
/** Most files are small, and end before they need more. */
const ROOM_BYTES_MIN = 16 * 1024;

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
  grain: Grain = GRAINS.coarse,
): AsyncIterable<Cut> {
  const cutter = new Cutter(table, grain);
  using begun = new Begun(grain);
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
  readonly #rooms: readonly number[];
  #room = Buffer.alloc(0);
  #bytes = 0;

  constructor({ min, aim, max }: Grain) {
    this.#rooms = [ROOM_BYTES_MIN, min, aim, max];
  }

  add(piece: Uint8Array): void {
    const end = this.#bytes + piece.length;
    if (end > this.#room.length) {
      const larger = Buffer.allocUnsafeSlow(this.#rooms.find((room) => room >= end) ?? end);
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
  readonly #grain: Grain;
  #length = 0;

  constructor(table: Uint32Array, grain: Grain) {
    this.#gear = new Gear(table);
    this.#grain = grain;
  }

  /** Where in `piece` the chunk ends that goes on at `start`, or undefined when it goes on beyond. */
  next(piece: Uint8Array, start: number): number | undefined {
    const { min, aim, max, early, late } = this.#grain;
    const room = piece.length - start;
    const origin = start - this.#length;
    const from = start + Math.min(Math.max(min - this.#length, 0), room);
    const scan = (begin: number, end: number, mask: number) =>
      this.#gear.scan(piece, begin, Math.min(end, piece.length), mask);
    const end = scan(from, origin + aim, early) ?? scan(Math.max(from, origin + aim), origin + max, late);
    const cut = end ?? (this.#length + room >= max ? origin + max : undefined);
    this.#length = cut === undefined ? this.#length + room : 0;
    if (cut !== undefined) this.#gear.reset();
    return cut;
  }
}
