import { Decrypter, Encrypter, identityToRecipient } from 'age-encryption';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { sha256 } from '#libs/kernel/ids.ts';
import type { Secret } from '#libs/kernel/secret.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { MASTER_BYTES } from './keys.ts';

/** The master key as an age file for one recipient; returns the slot's object name (FORMAT.md#keys). */
export async function wrapMaster(
  store: ObjectStore,
  { master, identity, role }: { master: Uint8Array; identity: string; role: 'everyday' | 'recovery' },
): Promise<string> {
  const recipient = await identityToRecipient(identity);
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  const name = `keys/${role}-${sha256(recipient).slice(0, 16)}`;
  await store.put(name, await encrypter.encrypt(master), { createOnly: false });
  return name;
}

/** Every master key the identity opens: more than one when a creation was cut off before its end. */
export async function unwrapMasters(store: ObjectStore, identity: Secret): Promise<readonly Uint8Array[]> {
  const decrypter = new Decrypter();
  try {
    decrypter.addIdentity(identity.reveal().trim());
  } catch {
    // The cause would quote the key.
    throw new HoldfastError('KEY_WRONG', { reason: 'not an age identity' });
  }
  const masters: Uint8Array[] = [];
  for await (const { name } of store.list('keys/')) {
    const wrapped = await store.get(name);
    const master = await decrypter.decrypt(wrapped).catch(() => undefined);
    if (master?.length === MASTER_BYTES) masters.push(master);
  }
  return masters;
}
