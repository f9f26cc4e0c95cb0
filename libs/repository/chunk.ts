import { createHash } from 'node:crypto';
// As a whole: an older Node is to be told which one is needed, not to stumble over a name it lacks.
import zlib from 'node:zlib';
import { promisify } from 'node:util';
import { openBytes, sealBytes } from './aead.ts';
import { hmac, type RepositoryKeys, type SealingKeys } from './keys.ts';

const compress = promisify(zlib.zstdCompress);
const decompress = promisify(zlib.zstdDecompress);

export const METHOD = { stored: 0, zstd: 1 } as const;
/** Level 1: 300 MiB/s on rows, a third of their size; higher levels cost more than they save. */
const ZSTD = { [zlib.constants.ZSTD_c_compressionLevel]: 1 };
/** Room for the whole answer at once: with the default of 16 KiB a chunk makes 60 trips to the thread pool. */
const OUTPUT_ROOM = 8192;
/** What does not shrink by this much is stored as it is: reading it back is then free. */
const WORTH_IT = 0.95;

/** What a pack's table and the index say of a chunk (FORMAT.md#pack). */
export interface ChunkHead {
  /** 64 hex characters. */
  readonly id: string;
  readonly method: number;
  readonly rawBytes: number;
}

export function sha256Of(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

/** Keyed, so that a stranger cannot ask whether a known file is in the store. */
export function chunkIdOf(keys: RepositoryKeys, digest: Uint8Array): string {
  return hmac(keys.chunkId, digest).toString('hex');
}

export async function sealChunk(
  sealing: SealingKeys,
  id: string,
  plain: Uint8Array,
): Promise<{ head: ChunkHead; sealed: Buffer }> {
  const packed = await compress(plain, { params: ZSTD, chunkSize: plain.length + OUTPUT_ROOM });
  const method = packed.length < plain.length * WORTH_IT ? METHOD.zstd : METHOD.stored;
  const head: ChunkHead = { id, method, rawBytes: plain.length };
  return {
    head,
    sealed: sealBytes(keyOf(sealing, id), aadOf(head), method === METHOD.zstd ? packed : plain),
  };
}

/** Authenticates, unpacks, and hashes again; undefined when anything does not fit. */
export async function openChunk(
  keys: RepositoryKeys,
  head: ChunkHead & { readonly epoch: number },
  sealed: Uint8Array,
): Promise<Buffer | undefined> {
  const sealing = keys.sealing(head.epoch);
  const body = sealing === undefined ? undefined : openBytes(keyOf(sealing, head.id), aadOf(head), sealed);
  if (body === undefined) return undefined;
  const plain = head.method === METHOD.zstd ? await unpack(body, head.rawBytes) : body;
  if (plain === undefined || plain.length !== head.rawBytes) return undefined;
  return chunkIdOf(keys, sha256Of(plain)) === head.id ? plain : undefined;
}

async function unpack(body: Buffer, rawBytes: number): Promise<Buffer | undefined> {
  const options = { maxOutputLength: Math.max(rawBytes, 1), chunkSize: rawBytes + OUTPUT_ROOM };
  return await decompress(body, options).catch(() => undefined);
}

function keyOf({ chunkSeal }: SealingKeys, id: string): Buffer {
  return hmac(chunkSeal, Buffer.from(id, 'hex'));
}

function aadOf({ id, method, rawBytes }: ChunkHead): Buffer {
  const aad = Buffer.alloc(37);
  aad.write(id, 0, 'hex');
  aad.writeUInt8(method, 32);
  aad.writeUInt32BE(rawBytes, 33);
  return aad;
}
