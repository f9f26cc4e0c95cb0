import { Decrypter, Encrypter, identityToRecipient } from 'age-encryption';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Secret } from '#libs/kernel/secret.ts';
import { putFirst } from '#libs/store/objects.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { KEY_BYTES, type KeyRing } from './keys.ts';

const EPOCH_DIGITS = 8;

/**
 * The key ring as an age file for one recipient; returns the object's name (FORMAT.md#keys). The slot carries the
 * repository's id, so that no two creations ever write one object.
 */
export async function wrapRing(
  store: ObjectStore,
  { ring, identity, slot }: { ring: KeyRing; identity: Secret; slot: string },
): Promise<string> {
  const recipient = await identityToRecipient(identity.reveal()).catch(() => {
    throw notAnIdentity();
  });
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  const name = `keys/${String(ring.length).padStart(EPOCH_DIGITS, '0')}/${slot}`;
  await putFirst(store, name, await encrypter.encrypt(Buffer.concat(ring)), undefined);
  return name;
}

/** Every ring the identity opens, the longest first: more than one of a length when a creation was cut off. */
export async function unwrapRings(store: ObjectStore, identity: Secret): Promise<readonly KeyRing[]> {
  const decrypter = new Decrypter();
  try {
    decrypter.addIdentity(identity.reveal().trim());
  } catch {
    throw notAnIdentity();
  }
  const rings: KeyRing[] = [];
  for await (const { name } of store.list('keys/')) {
    const wrapped = await store.get(name);
    const keys = await decrypter.decrypt(wrapped).catch(() => undefined);
    if (keys !== undefined && keys.length > 0 && keys.length % KEY_BYTES === 0) rings.push(ringOf(keys));
  }
  return rings.toSorted((a, b) => b.length - a.length);
}

function ringOf(keys: Uint8Array): KeyRing {
  return Array.from({ length: keys.length / KEY_BYTES }, (_, n) =>
    keys.slice(n * KEY_BYTES, (n + 1) * KEY_BYTES),
  );
}

/** Without its cause, which would quote the key. */
function notAnIdentity(): HoldfastError {
  return new HoldfastError('KEY_WRONG', { reason: 'not an age identity' });
}
