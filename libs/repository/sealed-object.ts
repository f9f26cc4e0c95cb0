import zlib from 'node:zlib';
import { openBytes, sealBytes } from './aead.ts';
import { hmac, type RepositoryKeys } from './keys.ts';

/** Larger than any object that is sealed as one (FORMAT.md#limits). */
const PLAIN_BYTES_MAX = 512 * 1024 * 1024;

/** Bound to its purpose: a sealed object moved to another name does not open. */
export function sealFor(keys: RepositoryKeys, purpose: string, plain: Uint8Array): Buffer {
  return sealBytes(hmac(keys.objectSeal, purpose), Buffer.from(purpose), plain);
}

export function openFor(keys: RepositoryKeys, purpose: string, sealed: Uint8Array): Buffer | undefined {
  return openBytes(hmac(keys.objectSeal, purpose), Buffer.from(purpose), sealed);
}

/** For snapshots and indexes: packed, then sealed. */
export function sealPacked(keys: RepositoryKeys, purpose: string, plain: Uint8Array): Buffer {
  return sealFor(keys, purpose, zlib.zstdCompressSync(plain));
}

export function openPacked(keys: RepositoryKeys, purpose: string, sealed: Uint8Array): Buffer | undefined {
  const packed = openFor(keys, purpose, sealed);
  return packed === undefined
    ? undefined
    : zlib.zstdDecompressSync(packed, { maxOutputLength: PLAIN_BYTES_MAX });
}
