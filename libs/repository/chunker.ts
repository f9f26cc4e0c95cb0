import { hmac } from './keys.ts';

/** Content-defined cuts: Gear with a normalised cut (FORMAT.md#chunking). */
export const CHUNK_BYTES_MIN = 256 * 1024;
export const CHUNK_BYTES_AIM = 1024 * 1024;
export const CHUNK_BYTES_MAX = 4 * 1024 * 1024;

/** Before the aim a cut needs 22 zero bits, after it 18: sizes gather around the aim. */
const MASK_EARLY = 0xfffffc00;
const MASK_LATE = 0xffffc000;

/** 256 words from the repository's own key, so that cut points tell a stranger less. */
export function gearTable(key: Uint8Array): Uint32Array {
  const table = new Uint32Array(256);
  for (let n = 0; n < 256; n += 1) table[n] = hmac(key, Uint8Array.of(n)).readUInt32BE(0);
  return table;
}

/** Length of the first chunk of `bytes`, or undefined when more bytes are needed to tell. Pure. */
export function findCut(bytes: Uint8Array, table: Uint32Array, isLast: boolean): number | undefined {
  if (bytes.length <= CHUNK_BYTES_MIN) return isLast ? bytes.length : undefined;
  const end = Math.min(bytes.length, CHUNK_BYTES_MAX);
  const aim = Math.min(end, CHUNK_BYTES_AIM);
  let hash = 0;
  let at = CHUNK_BYTES_MIN;
  for (; at < aim; at += 1) {
    hash = ((hash << 1) + table[bytes[at]!]!) | 0;
    if ((hash & MASK_EARLY) === 0) return at + 1;
  }
  for (; at < end; at += 1) {
    hash = ((hash << 1) + table[bytes[at]!]!) | 0;
    if ((hash & MASK_LATE) === 0) return at + 1;
  }
  return end === CHUNK_BYTES_MAX || isLast ? end : undefined;
}

/** Cuts a stream into chunks; holds at most one chunk and one piece of the source. */
export async function* chunked(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  table: Uint32Array,
): AsyncIterable<Buffer> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  for await (const piece of source) {
    held.push(piece);
    heldBytes += piece.length;
    if (heldBytes < CHUNK_BYTES_MAX) continue;
    let rest = Buffer.concat(held, heldBytes);
    for (
      let cut = findCut(rest, table, false);
      cut !== undefined && rest.length >= CHUNK_BYTES_MAX;
      cut = findCut(rest, table, false)
    ) {
      yield Buffer.from(rest.subarray(0, cut));
      rest = rest.subarray(cut);
    }
    held = [Buffer.from(rest)];
    heldBytes = rest.length;
  }
  let rest = Buffer.concat(held, heldBytes);
  while (rest.length > 0) {
    const cut = findCut(rest, table, true)!;
    yield Buffer.from(rest.subarray(0, cut));
    rest = rest.subarray(cut);
  }
}
