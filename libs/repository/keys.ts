import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  hkdfSync,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';

/** Everything derives from the repository's key ring (FORMAT.md#keys). */
export interface RepositoryKeys {
  readonly chunkId: Buffer;
  readonly mac: Buffer;
  readonly gear: Buffer;
  readonly signing: KeyObject;
  /** Raw Ed25519 public key, hex; also in holdfast.json. */
  readonly verifying: string;
  /** The newest: what is written from now on is sealed under it. */
  readonly epoch: number;
  /** Undefined for an epoch that this ring has not. */
  readonly sealing: (epoch: number) => SealingKeys | undefined;
}

/** Of one key epoch: who is removed as a recipient has none of the later ones. */
export interface SealingKeys {
  readonly epoch: number;
  /** The same for all epochs. */
  readonly chunkId: Buffer;
  readonly chunkSeal: Buffer;
  readonly objectSeal: Buffer;
}

/** The keys of all epochs, the first one first; 32 bytes each. */
export type KeyRing = readonly Uint8Array[];

export const KEY_BYTES = 32;
/** DER head of a PKCS#8 Ed25519 private key; the 32-byte seed follows (RFC 8410). */
const ED25519_PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
/** DER head of an Ed25519 public key; the 32 bytes follow. */
const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex');

/** What names, compares, cuts and signs is of the first epoch for good: names and signatures must stay what they are. */
export function deriveKeys(ring: KeyRing): RepositoryKeys {
  const derive = (label: string, epoch = 1) =>
    Buffer.from(hkdfSync('sha256', ring[epoch - 1]!, '', `holdfast/2/${label}`, KEY_BYTES));
  const chunkId = derive('chunk-id');
  const sealing = ring.map((_, at) => ({
    epoch: at + 1,
    chunkId,
    chunkSeal: derive('chunk-seal', at + 1),
    objectSeal: derive('object-seal', at + 1),
  }));
  const signing = createPrivateKey({
    key: Buffer.concat([ED25519_PKCS8, derive('signing')]),
    format: 'der',
    type: 'pkcs8',
  });
  const spki = createPublicKey(signing).export({ format: 'der', type: 'spki' });
  return {
    chunkId,
    mac: derive('mac'),
    gear: derive('gear'),
    signing,
    verifying: spki.subarray(ED25519_SPKI.length).toString('hex'),
    epoch: ring.length,
    sealing: (epoch) => sealing[epoch - 1],
  };
}

/** Of the newest epoch. */
export function newestSealing(keys: RepositoryKeys): SealingKeys {
  return keys.sealing(keys.epoch)!;
}

export function hmac(key: Uint8Array, ...parts: readonly (string | Uint8Array)[]): Buffer {
  const mac = createHmac('sha256', key);
  for (const part of parts) mac.update(part);
  return mac.digest();
}

export function signBytes(keys: RepositoryKeys, bytes: Uint8Array): string {
  return sign(null, bytes, keys.signing).toString('hex');
}

/** Takes nothing but the public key. A signature has one way to be written: in capitals it is damage that nobody sees. */
export function verifyBytes(
  keys: Pick<RepositoryKeys, 'verifying'>,
  bytes: Uint8Array,
  signature: string,
): boolean {
  const key = createPublicKey({
    key: Buffer.concat([ED25519_SPKI, Buffer.from(keys.verifying, 'hex')]),
    format: 'der',
    type: 'spki',
  });
  const signed = Buffer.from(signature, 'hex');
  return signed.toString('hex') === signature && verify(null, bytes, key, signed);
}
