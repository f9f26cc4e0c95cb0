import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  hkdfSync,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';

/** Everything derives from the repository's master key (FORMAT.md#keys). */
export interface RepositoryKeys {
  readonly chunkId: Buffer;
  readonly chunkSeal: Buffer;
  readonly objectSeal: Buffer;
  readonly mac: Buffer;
  readonly gear: Buffer;
  readonly signing: KeyObject;
  /** Raw Ed25519 public key, hex; also in holdfast.json. */
  readonly verifying: string;
}

export const MASTER_BYTES = 32;
/** DER head of a PKCS#8 Ed25519 private key; the 32-byte seed follows (RFC 8410). */
const ED25519_PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
/** DER head of an Ed25519 public key; the 32 bytes follow. */
const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex');

export function deriveKeys(master: Uint8Array): RepositoryKeys {
  const derive = (label: string) => Buffer.from(hkdfSync('sha256', master, '', `holdfast/1/${label}`, 32));
  const signing = createPrivateKey({
    key: Buffer.concat([ED25519_PKCS8, derive('signing')]),
    format: 'der',
    type: 'pkcs8',
  });
  const spki = createPublicKey(signing).export({ format: 'der', type: 'spki' });
  return {
    chunkId: derive('chunk-id'),
    chunkSeal: derive('chunk-seal'),
    objectSeal: derive('object-seal'),
    mac: derive('mac'),
    gear: derive('gear'),
    signing,
    verifying: spki.subarray(ED25519_SPKI.length).toString('hex'),
  };
}

export function hmac(key: Uint8Array, ...parts: readonly (string | Uint8Array)[]): Buffer {
  const mac = createHmac('sha256', key);
  for (const part of parts) mac.update(part);
  return mac.digest();
}

export function signBytes(keys: RepositoryKeys, bytes: Uint8Array): string {
  return sign(null, bytes, keys.signing).toString('hex');
}

export function verifyBytes(keys: RepositoryKeys, bytes: Uint8Array, signature: string): boolean {
  const key = createPublicKey({
    key: Buffer.concat([ED25519_SPKI, Buffer.from(keys.verifying, 'hex')]),
    format: 'der',
    type: 'spki',
  });
  return verify(null, bytes, key, Buffer.from(signature, 'hex'));
}
