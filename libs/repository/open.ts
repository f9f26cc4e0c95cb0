import { randomBytes } from 'node:crypto';
import { isoTime, systemClock } from '#libs/kernel/clock.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { Secret } from '#libs/kernel/secret.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { generateX25519Identity } from 'age-encryption';
import {
  DESCRIPTION_OBJECT,
  findDescription,
  FORMAT_VERSION,
  signDescription,
  type FoundDescription,
} from './description.ts';
import { deriveKeys, KEY_BYTES, type RepositoryKeys } from './keys.ts';
import { RingOfStore } from './ring-of-store.ts';
import { idOf, recipientOf, unwrapRings, wrapRing } from './key-slots.ts';
import type { Repository } from './port.ts';
import { startRecipients } from './change-recipients.ts';
import { composeRepository } from './repository.ts';
import { findProven } from './ring-proof.ts';

export interface OpenedRepository extends Repository {
  /** Why it is open for reading only: what writing throws. Undefined when nothing is wrong. */
  readonly readOnly: HoldfastError | undefined;
}

/**
 * Opens with any identity that a whole key slot was made for, whatever else is damaged; for reading only when
 * holdfast.json is, or the slot of the newest epoch. Throws REPOSITORY_MISSING, REPOSITORY_VERSION, KEY_WRONG, and
 * REPOSITORY_FOREIGN when the keys do not belong to this store.
 */
export async function openRepository({
  store,
  identity,
}: {
  store: ObjectStore;
  identity: Secret;
}): Promise<OpenedRepository> {
  const description = await findDescription(store);
  if (description.state !== 'whole') return await openUndescribed(store, description, identity);
  const rings = new RingOfStore({ store, identity, verifying: description.verifyingKey });
  const { keys, readOnly } = await rings.require();
  let refusal = readOnly;
  const repository = composeRepository({
    store,
    keys,
    id: description.id,
    async findNewer() {
      const newer = await rings.findNewer();
      refusal = newer === undefined ? refusal : newer.readOnly;
      return newer?.keys;
    },
  });
  return guarded(repository, () => refusal);
}

/** holdfast.json tells nothing: the ring does that made what lies in the store. */
async function openUndescribed(
  store: ObjectStore,
  description: Exclude<FoundDescription, { state: 'whole' }>,
  identity: Secret,
): Promise<OpenedRepository> {
  const { rings } = await unwrapRings(store, identity);
  const candidates = rings.map(({ ring, slot }) => ({ keys: deriveKeys(ring), slot }));
  const proven = await findProven(store, candidates);
  const isOurFormat =
    description.state === 'damaged' && (description.format ?? FORMAT_VERSION) === FORMAT_VERSION;
  const isAlone = new Set(candidates.map(({ keys }) => keys.verifying)).size === 1;
  const chosen = proven ?? (isOurFormat && isAlone ? candidates[0] : undefined);
  if (chosen === undefined) throw await whyNot(store, description, candidates.length > 0);
  const id = idOf(chosen.slot) ?? '';
  const reason = description.state;
  const refusal = new HoldfastError('REPOSITORY_READ_ONLY', { object: DESCRIPTION_OBJECT, reason });
  return guarded(composeRepository({ store, keys: chosen.keys, id }), () => refusal);
}

async function whyNot(
  store: ObjectStore,
  description: Exclude<FoundDescription, { state: 'whole' }>,
  hasKey: boolean,
): Promise<HoldfastError> {
  const where = { store: store.name };
  if (!hasKey && (await isUsed(store))) return new HoldfastError('KEY_WRONG', where);
  // Slots alone are what a creation left that was cut off.
  if (description.state === 'missing') return new HoldfastError('REPOSITORY_MISSING', where);
  const { format = FORMAT_VERSION } = description;
  if (format !== FORMAT_VERSION)
    return new HoldfastError('REPOSITORY_VERSION', { seen: format, wanted: FORMAT_VERSION });
  return new HoldfastError('REPOSITORY_FOREIGN', {
    ...where,
    object: DESCRIPTION_OBJECT,
    reason: 'not readable',
  });
}

/** Writing is refused while there is a reason to. */
function guarded(repository: Repository, refusal: () => HoldfastError | undefined): OpenedRepository {
  const allowed = <T>(write: () => T): T => {
    const refused = refusal();
    if (refused !== undefined) throw refused;
    return write();
  };
  return {
    ...repository,
    get readOnly() {
      return refusal();
    },
    writer: () => allowed(() => repository.writer()),
    putSnapshot: async (...words) => await allowed(() => repository.putSnapshot(...words)),
    clean: async (...words) => await allowed(() => repository.clean(...words)),
  };
}

/**
 * Whether the store holds a repository, without a key; its id where holdfast.json is whole. Throws REPOSITORY_VERSION,
 * and REPOSITORY_FOREIGN when a holdfast.json is there and nothing else of a repository.
 */
export async function findRepository(store: ObjectStore): Promise<{ id: string | undefined } | undefined> {
  const description = await findDescription(store);
  if (description.state === 'whole') return { id: description.id };
  if (await isUsed(store)) return { id: undefined };
  if (description.state === 'missing') return undefined;
  throw await whyNot(store, description, false);
}

/** Something was written with the keys of its slots. */
async function isUsed(store: ObjectStore): Promise<boolean> {
  for (const prefix of ['packs/', 'backups/']) for await (const _ of store.list(prefix)) return true;
  return false;
}

export async function newIdentity(): Promise<Secret> {
  return new Secret(await generateX25519Identity());
}

/**
 * Makes a repository for two identities: one for every day, one to be kept elsewhere; fresh ones where none is given.
 * Who must not lose them in a crash keeps them first and gives them here. The commit point is holdfast.json, last and
 * create-only: a crash before it leaves key slots that open nothing, and creation can be repeated; of two creators
 * one wins and the other gets OBJECT_EXISTS. Throws KEY_WRONG when what is given is no identity, REPOSITORY_READ_ONLY
 * where a repository is that lost its holdfast.json: its backups would not open any more.
 */
export async function createRepository(wanted: {
  store: ObjectStore;
  identity?: Secret;
  recovery?: Secret;
}): Promise<{ id: string; identity: Secret; recovery: Secret }> {
  const { store, identity = await newIdentity(), recovery = await newIdentity() } = wanted;
  const ring = [randomBytes(KEY_BYTES)];
  if ((await findDescription(store)).state === 'missing' && (await isUsed(store)))
    throw new HoldfastError('REPOSITORY_READ_ONLY', { object: DESCRIPTION_OBJECT, reason: 'missing' });
  const id = randomBytes(16).toString('hex');
  const slots = [
    await wrapRing(store, { ring, recipient: await recipientOf(identity), slot: `everyday-${id}` }),
    await wrapRing(store, { ring, recipient: await recipientOf(recovery), slot: `recovery-${id}` }),
  ];
  try {
    await putDescription(store, id, deriveKeys(ring));
  } catch (error) {
    if (HoldfastError.from(error).code === 'OBJECT_EXISTS')
      for (const slot of slots) await store.delete(slot);
    throw error;
  }
  // A crash before it leaves slots alone to tell: whoever has both identities makes it good.
  await startRecipients({ store, identity, recovery });
  return { id, identity, recovery };
}

async function putDescription(store: ObjectStore, id: string, keys: RepositoryKeys): Promise<void> {
  const bytes = signDescription(keys, {
    format: FORMAT_VERSION,
    repository: id,
    verifyingKey: keys.verifying,
    createdAt: isoTime(systemClock),
  });
  try {
    await store.put(DESCRIPTION_OBJECT, bytes, { createOnly: true });
  } catch (error) {
    // A put that was sent twice meets its own object.
    if (HoldfastError.from(error).code !== 'OBJECT_EXISTS') throw error;
    if (!(await store.get(DESCRIPTION_OBJECT)).equals(bytes)) throw error;
  }
}
