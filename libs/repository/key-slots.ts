import { Decrypter, Encrypter, identityToRecipient } from 'age-encryption';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Secret } from '#libs/kernel/secret.ts';
import { findBytes, putFirst } from '#libs/store/objects.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { KEY_BYTES, type KeyRing } from './keys.ts';

const EPOCH_DIGITS = 8;
const SLOT_PATTERN = /^keys\/(\d{8})\//;

/** Of an identity what others may know: its age recipient. Throws KEY_WRONG when it is none. */
export async function recipientOf(identity: Secret): Promise<string> {
  return await identityToRecipient(identity.reveal().trim()).catch(() => {
    throw notAnIdentity();
  });
}

/**
 * The key ring as an age file for one recipient; returns the object's name (FORMAT.md#keys). The slot carries the
 * repository's id, so that no two creations ever write one object.
 */
export async function wrapRing(
  store: ObjectStore,
  { ring, recipient, slot }: { ring: KeyRing; recipient: string; slot: string },
): Promise<string> {
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  const name = `keys/${String(ring.length).padStart(EPOCH_DIGITS, '0')}/${slot}`;
  await putFirst(store, name, await encrypter.encrypt(Buffer.concat(ring)), undefined);
  return name;
}

export interface KeySlots {
  /** Every ring the identity opens, the longest first: more than one of a length when a creation was cut off. */
  readonly rings: readonly { readonly ring: KeyRing; readonly slot: string }[];
  /** The newest epoch that anybody has a slot of; 0 when there is no slot. */
  readonly newestEpoch: number;
}

/** A slot that is damaged or another one's is passed over. Throws KEY_WRONG when what is given is no identity. */
export async function unwrapRings(store: ObjectStore, identity: Secret): Promise<KeySlots> {
  const decrypter = new Decrypter();
  try {
    decrypter.addIdentity(identity.reveal().trim());
  } catch {
    throw notAnIdentity();
  }
  const rings: { ring: KeyRing; slot: string }[] = [];
  let newestEpoch = 0;
  for await (const { name } of store.list('keys/')) {
    const epoch = SLOT_PATTERN.exec(name)?.[1];
    if (epoch === undefined) continue;
    newestEpoch = Math.max(newestEpoch, Number(epoch));
    const wrapped = await findBytes(store, name);
    const keys = wrapped && (await decrypter.decrypt(wrapped).catch(() => undefined));
    if (keys !== undefined && keys.length > 0 && keys.length % KEY_BYTES === 0)
      rings.push({ ring: ringOf(keys), slot: name });
  }
  return { rings: rings.toSorted((a, b) => b.ring.length - a.ring.length), newestEpoch };
}

/** Of the repository, from the name of a slot that its creation made. */
export function idOf(slot: string): string | undefined {
  return /-([0-9a-f]{32})$/.exec(slot)?.[1];
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
