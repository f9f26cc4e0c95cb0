import zlib from 'node:zlib';
import { openBytes, sealBytes } from './aead.ts';
import { hmac, newestSealing, type RepositoryKeys, type SealingKeys } from './keys.ts';

/** Larger than any object that is sealed as one (FORMAT.md#limits). */
const PLAIN_BYTES_MAX = 512 * 1024 * 1024;
const EPOCH_BYTES = 4;

/** Bound to its purpose, a sealed object moved to another name does not open: `epoch(4) ‖ sealed bytes`. */
export function sealFor(keys: RepositoryKeys, purpose: string, plain: Uint8Array): Buffer {
  const sealing = newestSealing(keys);
  const head = Buffer.alloc(EPOCH_BYTES);
  head.writeUInt32BE(sealing.epoch);
  return Buffer.concat([head, sealBytes(keyOf(sealing, purpose), aadOf(head, purpose), plain)]);
}

/** Undefined when it is damaged, another purpose's, or of an epoch that the ring has not. */
export function openFor(keys: RepositoryKeys, purpose: string, sealed: Uint8Array): Buffer | undefined {
  const sealing = keys.sealing(epochOf(sealed));
  if (sealing === undefined) return undefined;
  const aad = aadOf(sealed.subarray(0, EPOCH_BYTES), purpose);
  return openBytes(keyOf(sealing, purpose), aad, sealed.subarray(EPOCH_BYTES));
}

/** 0 when it is too short to have one. */
export function epochOf(sealed: Uint8Array): number {
  return sealed.length < EPOCH_BYTES ? 0 : new DataView(sealed.buffer, sealed.byteOffset).getUint32(0);
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

function keyOf(sealing: SealingKeys, purpose: string): Buffer {
  return hmac(sealing.objectSeal, purpose);
}

function aadOf(epoch: Uint8Array, purpose: string): Buffer {
  return Buffer.concat([epoch, Buffer.from(purpose)]);
}
