import { randomBytes } from 'node:crypto';
import { isoTime, systemClock } from '#libs/kernel/clock.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { sha256 } from '#libs/kernel/ids.ts';
import { Secret } from '#libs/kernel/secret.ts';
import { putFirst } from '#libs/store/objects.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { Decrypter, Encrypter, generateX25519Identity } from 'age-encryption';
import { findDescription } from './description.ts';
import { recipientOf, wrapRing } from './key-slots.ts';
import { KEY_BYTES, signBytes, type KeyRing, type RepositoryKeys } from './keys.ts';
import type { NumberedLists } from './numbered-lists.ts';
import {
  recipientLists,
  recipientSchema,
  ringDigest,
  type Recipient,
  type Recipients,
} from './recipients.ts';
import { RingOfStore } from './ring-of-store.ts';

/** Who may change who has a key: whoever opens the newest ring. */
export interface KeyHolder {
  readonly store: ObjectStore;
  readonly identity: Secret;
}

/** With fewer, one lost key is all lost. */
const RECIPIENTS_MIN = 2;
const TAG_CHARACTERS = 8;
const PASSPHRASES_PREFIX = 'keys/passphrases/';
/** Of slots that this made, and of passphrases: the name of whose they are. */
const SLOT_PATTERN =
  /^keys\/(?:\d{8}\/([a-z0-9-]+?)-(?:[0-9a-f]{8}-)?[0-9a-f]{32}|passphrases\/([a-z0-9-]+)\/[^/]+)$/;

interface Held {
  readonly id: string;
  readonly ring: KeyRing;
  readonly keys: RepositoryKeys;
  readonly lists: NumberedLists<Recipients>;
  readonly n: number;
  readonly list: Recipients | undefined;
}

/** The first list, of the two identities that a repository was made for; when it is there already, nothing. */
export async function startRecipients({
  store,
  identity,
  recovery,
}: KeyHolder & { readonly recovery: Secret }): Promise<void> {
  const held = await hold({ store, identity });
  if (held.list !== undefined) return;
  const addedAt = isoTime(systemClock);
  const named = async (name: string, of: Secret): Promise<Recipient> => {
    return { name, kind: 'identity', recipient: await recipientOf(of), addedAt };
  };
  const recipients = [await named('everyday', identity), await named('recovery', recovery)];
  await commit(held, { ring: held.ring, recipients }).catch((thrown: unknown) => {
    // Another one was faster, with the same two.
    if (HoldfastError.from(thrown).code !== 'KEYS_REFUSED') throw thrown;
  });
}

/** Who has a key now, as its holders signed it; no key is needed. Throws KEYS_REFUSED, REPOSITORY_MISSING. */
export async function listRecipients(store: ObjectStore): Promise<Recipients> {
  const { verifyingKey } = await requireDescription(store);
  return requireList((await recipientLists(store, verifyingKey).newest()).list);
}

/** From now on the recipient opens everything, and all that comes. Throws KEYS_REFUSED. */
export async function addRecipient(
  holder: KeyHolder,
  wanted: { readonly name: string; readonly kind: Recipient['kind']; readonly recipient: string },
): Promise<void> {
  const held = await hold(holder);
  const { recipients } = requireList(held.list);
  const added = { ...wanted, addedAt: isoTime(systemClock) };
  requireNew(added, recipients);
  await wrapFor(holder.store, held, held.ring, [added]);
  await commit(held, { ring: held.ring, recipients: [...recipients, added] });
}

/** Its identity lies in the store, locked with the passphrase: `age -d` opens it. Throws KEYS_REFUSED. */
export async function addPassphrase(
  holder: KeyHolder,
  { name, passphrase }: { readonly name: string; readonly passphrase: Secret },
): Promise<void> {
  const identity = new Secret(await generateX25519Identity());
  const recipient = await recipientOf(identity);
  const { recipients } = await listRecipients(holder.store);
  requireNew({ name, kind: 'passphrase', recipient, addedAt: isoTime(systemClock) }, recipients);
  const encrypter = new Encrypter();
  encrypter.setPassphrase(passphrase.reveal());
  const locked = await encrypter.encrypt(`${identity.reveal()}\n`);
  await putFirst(holder.store, `${passphrasesOf(name)}${recipient.slice(-TAG_CHARACTERS)}`, locked);
  await addRecipient(holder, { name, kind: 'passphrase', recipient });
}

/** The identity that a passphrase locks. Throws KEY_WRONG. */
export async function unlockPassphrase(
  store: ObjectStore,
  passphrase: Secret,
): Promise<{ readonly name: string; readonly identity: Secret }> {
  const decrypter = new Decrypter();
  decrypter.addPassphrase(passphrase.reveal());
  const { recipients } = await listRecipients(store);
  for await (const { name: object } of store.list(PASSPHRASES_PREFIX)) {
    const text = await decrypter.decrypt(await store.get(object), 'text').catch(() => undefined);
    if (text === undefined) continue;
    const identity = new Secret(text.trim());
    const own = await recipientOf(identity);
    // One that is not listed was left by who was stopped before it counted.
    const listed = recipients.find(({ recipient }) => recipient === own);
    if (listed !== undefined) return { name: listed.name, identity };
  }
  throw new HoldfastError('KEY_WRONG', { store: store.name, reason: 'the passphrase opens no key' });
}

/**
 * A new key epoch at once, for all but `removed`; for all, when nobody is. Slots first: the new list makes it so, and
 * until then nothing has changed. Throws KEYS_REFUSED.
 */
export async function beginEpoch(
  holder: KeyHolder,
  { removed }: { readonly removed?: string } = {},
): Promise<{ readonly epoch: number }> {
  const held = await hold(holder);
  const { recipients } = requireList(held.list);
  const staying = recipients.filter(({ name }) => name !== removed);
  const refuse = (reason: string) => new HoldfastError('KEYS_REFUSED', { name: removed ?? '', reason });
  if (removed !== undefined && staying.length === recipients.length) throw refuse('nobody has this name');
  if (staying.length < RECIPIENTS_MIN) throw refuse(`at least ${RECIPIENTS_MIN} must have a key`);
  const own = await recipientOf(holder.identity);
  if (!staying.some(({ recipient }) => recipient === own)) throw refuse('it is the key in use');
  const ring = [...held.ring, randomBytes(KEY_BYTES)];
  await wrapFor(holder.store, held, ring, staying);
  await commit(held, { ring, recipients: staying });
  await forgetUnlisted(holder.store, staying);
  return { epoch: ring.length };
}

/** Before anything is written for it. */
function requireNew(added: Recipient, recipients: readonly Recipient[]): void {
  const { name, recipient } = added;
  if (recipients.some((each) => each.name === name || each.recipient === recipient))
    throw new HoldfastError('KEYS_REFUSED', { name, reason: 'the name or the recipient has a key already' });
  if (!recipientSchema.safeParse(added).success)
    throw new HoldfastError('KEYS_REFUSED', { name, recipient, reason: 'no such name or recipient can be' });
  try {
    new Encrypter().addRecipient(recipient);
  } catch (cause) {
    throw new HoldfastError(
      'KEYS_REFUSED',
      { recipient, reason: 'it is no age recipient (age1…)' },
      { cause },
    );
  }
}

async function hold({ store, identity }: KeyHolder): Promise<Held> {
  const { id, verifyingKey } = await requireDescription(store);
  const { ring, keys, readOnly } = await new RingOfStore({
    store,
    identity,
    verifying: verifyingKey,
  }).require();
  if (readOnly !== undefined) throw readOnly;
  const lists = recipientLists(store, verifyingKey);
  return { id, ring, keys, lists, ...(await lists.newest()) };
}

async function requireDescription(store: ObjectStore): Promise<{ id: string; verifyingKey: string }> {
  const description = await findDescription(store);
  if (description.state === 'whole') return description;
  throw new HoldfastError('REPOSITORY_MISSING', {
    store: store.name,
    reason: `holdfast.json is ${description.state}`,
  });
}

function requireList(list: Recipients | undefined): Recipients {
  if (list !== undefined) return list;
  const remedy = 'put the recovery key where it was made, and start once: holdfast up';
  throw new HoldfastError('KEYS_REFUSED', { reason: 'it is not known who has a key', remedy });
}

/** Slots of a ring, or for a recipient, that never came to count are of another tag than those of the one that does. */
async function wrapFor(
  store: ObjectStore,
  { id }: Held,
  ring: KeyRing,
  recipients: readonly Recipient[],
): Promise<void> {
  for (const { name, recipient } of recipients) {
    const tag = sha256(`${ringDigest(ring)}${recipient}`).slice(0, TAG_CHARACTERS);
    await wrapRing(store, { ring, recipient, slot: `${name}-${tag}-${id}` });
  }
}

async function commit(
  { keys, lists, n }: Held,
  { ring, recipients }: { ring: KeyRing; recipients: readonly Recipient[] },
): Promise<void> {
  const list: Recipients = {
    format: 1,
    epoch: ring.length,
    ring: ringDigest(ring),
    recipients: [...recipients],
  };
  try {
    await lists.append({ n: n + 1, list }, (bytes) => signBytes(keys, bytes));
  } catch (thrown) {
    if (HoldfastError.from(thrown).code !== 'OBJECT_EXISTS') throw thrown;
    throw new HoldfastError('KEYS_REFUSED', { reason: 'another change was faster' }, { cause: thrown });
  }
}

/**
 * Slots and passphrases of whom no list names any more, also those of a removal that was stopped; as far as the store lets
 * it. Whoever kept a copy of a slot opens what was sealed before all the same.
 */
async function forgetUnlisted(store: ObjectStore, recipients: readonly Recipient[]): Promise<void> {
  const listed = new Set(recipients.map(({ name }) => name));
  for await (const object of store.list('keys/')) {
    const [, slot, locked] = SLOT_PATTERN.exec(object.name) ?? [];
    const name = slot ?? locked;
    if (name === undefined || listed.has(name)) continue;
    await store.delete(object.name).catch((thrown: unknown) => {
      if (HoldfastError.from(thrown).code !== 'STORE_REFUSED') throw thrown;
    });
  }
}

function passphrasesOf(name: string): string {
  return `${PASSPHRASES_PREFIX}${name}/`;
}
