import { createHash } from 'node:crypto';
// As a whole: an older Node is to be told which one is needed, not to stumble over a name it lacks.
import zlib from 'node:zlib';
import { free } from '#libs/kernel/free.ts';
import { openBytes, sealParts } from './aead.ts';
import { hmac } from './keys.ts';

/** What a chunk is, in bytes: runs on threads of its own (chunk-pool.ts), so nothing here waits. */

export const METHOD = { stored: 0, zstd: 1 } as const;
/**
 * Level 1 with a table of twice the size: a third faster than level 2 and 2 to 3 % larger, where level 1 as it comes is
 * 5 to 6 % larger (measured 2026-11, rows of a database).
 */
const ZSTD = { [zlib.constants.ZSTD_c_compressionLevel]: 1, [zlib.constants.ZSTD_c_hashLog]: 15 };
/** Room for the whole answer at once: with the default of 16 KiB a chunk is copied together from 60 pieces. */
const OUTPUT_ROOM = 8192;
/** What does not shrink by this much is stored as it is: reading it back is then free. */
const WORTH_IT = 0.95;
/** So much of a chunk, from places all over it, tells whether the rest is worth a try. */
const PROBE = { pieces: 8, bytes: 8 * 1024 };
const sample = Buffer.allocUnsafeSlow(PROBE.pieces * PROBE.bytes);

/** What a pack's table and the index say of a chunk (FORMAT.md#pack). */
export interface ChunkHead {
  /** 64 hex characters. */
  readonly id: string;
  readonly method: number;
  readonly rawBytes: number;
}

type ChunkKeys = Readonly<Record<'chunkId' | 'chunkSeal', Uint8Array>>;

export function sha256Of(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

/** Keyed, so that a stranger cannot ask whether a known file is in the store. */
export function chunkIdOf(chunkId: Uint8Array, digest: Uint8Array): string {
  return hmac(chunkId, digest).toString('hex');
}

/** Into `room`, which may be where the plain bytes are. */
export function sealChunk(
  chunkSeal: Uint8Array,
  id: string,
  plain: Uint8Array,
  room: Uint8Array,
): { readonly head: ChunkHead; readonly bytes: number } {
  const packed = pack(plain);
  const method = packed === undefined ? METHOD.stored : METHOD.zstd;
  const head: ChunkHead = { id, method, rawBytes: plain.length };
  let bytes = 0;
  for (const part of sealParts(keyOf(chunkSeal, id), aadOf(head), packed ?? plain)) {
    part.copy(room, bytes);
    bytes += part.length;
    free(part);
  }
  if (packed !== undefined) free(packed);
  return { head, bytes };
}

/** Authenticates, unpacks, and hashes again; undefined when anything does not fit. */
export function openChunk(keys: ChunkKeys, head: ChunkHead, sealed: Uint8Array): Buffer | undefined {
  const body = openBytes(keyOf(keys.chunkSeal, head.id), aadOf(head), sealed);
  if (body === undefined) return undefined;
  const plain = head.method === METHOD.zstd ? unpack(body, head.rawBytes) : body;
  if (plain !== body) free(body);
  if (plain === undefined || plain.length !== head.rawBytes) return undefined;
  return chunkIdOf(keys.chunkId, sha256Of(plain)) === head.id ? plain : undefined;
}

/** Undefined when it is not worth it. */
function pack(plain: Uint8Array): Buffer | undefined {
  if (!isWorthATry(plain)) return undefined;
  const packed = compress(plain);
  return packed.length < plain.length * WORTH_IT ? packed : undefined;
}

function isWorthATry(plain: Uint8Array): boolean {
  const { pieces, bytes } = PROBE;
  if (plain.length <= 2 * sample.length) return true;
  const step = Math.floor((plain.length - bytes) / (pieces - 1));
  for (let n = 0; n < pieces; n += 1) sample.set(plain.subarray(n * step, n * step + bytes), n * bytes);
  const packed = compress(sample);
  const { length } = packed;
  free(packed);
  return length < sample.length * WORTH_IT;
}

function compress(plain: Uint8Array): Buffer {
  return zlib.zstdCompressSync(plain, { params: ZSTD, chunkSize: plain.length + OUTPUT_ROOM });
}

function unpack(body: Buffer, rawBytes: number): Buffer | undefined {
  try {
    const options = { maxOutputLength: Math.max(rawBytes, 1), chunkSize: rawBytes + OUTPUT_ROOM };
    return zlib.zstdDecompressSync(body, options);
  } catch {
    return undefined;
  }
}

function keyOf(chunkSeal: Uint8Array, id: string): Buffer {
  return hmac(chunkSeal, Buffer.from(id, 'hex'));
}

function aadOf({ id, method, rawBytes }: ChunkHead): Buffer {
  const aad = Buffer.alloc(37);
  aad.write(id, 0, 'hex');
  aad.writeUInt8(method, 32);
  aad.writeUInt32BE(rawBytes, 33);
  return aad;
}
