import { Decrypter, Encrypter, identityToRecipient } from 'age-encryption';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Secret } from '#libs/kernel/secret.ts';
import { putFirst } from '#libs/store/objects.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { MASTER_BYTES } from './keys.ts';

/**
 * The master key as an age file for one recipient; returns the object's name (FORMAT.md#keys). The slot carries the
 * repository's id, so that no two creations ever write one object.
 */
export async function wrapMaster(
  store: ObjectStore,
  { master, identity, slot }: { master: Uint8Array; identity: Secret; slot: string },
): Promise<string> {
  const recipient = await identityToRecipient(identity.reveal()).catch(() => {
    throw notAnIdentity();
  });
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  const name = `keys/${slot}`;
  await putFirst(store, name, await encrypter.encrypt(master), undefined);
  return name;
}

/** Every master key the identity opens: more than one when a creation was cut off before its end. */
export async function unwrapMasters(store: ObjectStore, identity: Secret): Promise<readonly Uint8Array[]> {
  const decrypter = new Decrypter();
  try {
    decrypter.addIdentity(identity.reveal().trim());
  } catch {
    throw notAnIdentity();
  }
  const masters: Uint8Array[] = [];
  for await (const { name } of store.list('keys/')) {
    const wrapped = await store.get(name);
    const master = await decrypter.decrypt(wrapped).catch(() => undefined);
    if (master?.length === MASTER_BYTES) masters.push(master);
  }
  return masters;
}

/** Without its cause, which would quote the key. */
function notAnIdentity(): HoldfastError {
  return new HoldfastError('KEY_WRONG', { reason: 'not an age identity' });
}
