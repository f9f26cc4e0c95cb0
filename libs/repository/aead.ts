import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** AES-256-GCM with a fresh nonce in front: `nonce(12) ‖ ciphertext ‖ tag(16)` (FORMAT.md#sealing). */
export const SEAL_OVERHEAD = 28;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export function sealBytes(key: Uint8Array, aad: Uint8Array, plain: Uint8Array): Buffer {
  return Buffer.concat(sealParts(key, aad, plain));
}

/** The same, not yet put together. */
export function sealParts(key: Uint8Array, aad: Uint8Array, plain: Uint8Array): readonly Buffer[] {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(aad);
  const body = cipher.update(plain);
  cipher.final();
  return [nonce, body, cipher.getAuthTag()];
}

/** Undefined when the bytes are not what was sealed under this key and context. */
export function openBytes(key: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Buffer | undefined {
  if (sealed.length < SEAL_OVERHEAD) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES)).setAAD(aad);
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  try {
    const plain = decipher.update(sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES));
    // Of GCM the end is empty: it only compares the tag.
    decipher.final();
    return plain;
  } catch {
    return undefined;
  }
}
