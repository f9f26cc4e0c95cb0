import { randomBytes } from 'node:crypto';
import { isoTime, systemClock } from '#libs/kernel/clock.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { Secret } from '#libs/kernel/secret.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { generateX25519Identity } from 'age-encryption';
import { findDescription, DESCRIPTION_OBJECT, FORMAT_VERSION, signDescription } from './description.ts';
import { deriveKeys, MASTER_BYTES, type RepositoryKeys } from './keys.ts';
import { unwrapMasters, wrapMaster } from './key-slots.ts';
import type { Repository } from './port.ts';
import { composeRepository } from './repository.ts';

/**
 * Opens with any identity a key slot was made for. Throws REPOSITORY_MISSING, REPOSITORY_VERSION, KEY_WRONG,
 * and REPOSITORY_FOREIGN when the keys do not belong to this holdfast.json.
 */
export async function openRepository({
  store,
  identity,
}: {
  store: ObjectStore;
  identity: Secret;
}): Promise<Repository> {
  const description = await findDescription(store);
  if (description === undefined) throw new HoldfastError('REPOSITORY_MISSING', { store: store.name });
  const candidates = (await unwrapMasters(store, identity)).map((master) => deriveKeys(master));
  if (candidates.length === 0) throw new HoldfastError('KEY_WRONG', { store: store.name });
  const keys = candidates.find((each) => description.isSignedBy(each));
  if (keys === undefined) throw new HoldfastError('REPOSITORY_FOREIGN', { store: store.name });
  return composeRepository({ store, keys, id: description.id });
}

/** Whether the store holds a repository, without a key. Throws REPOSITORY_VERSION, REPOSITORY_FOREIGN. */
export async function findRepository(store: ObjectStore): Promise<{ id: string } | undefined> {
  const description = await findDescription(store);
  return description === undefined ? undefined : { id: description.id };
}

/**
 * Makes a repository for two fresh identities: one for every day, one to be kept elsewhere. The commit point is
 * holdfast.json, last and create-only: a crash before it leaves key slots that open nothing, and creation can be
 * repeated; of two creators one wins and the other gets OBJECT_EXISTS.
 */
export async function createRepository({
  store,
}: {
  store: ObjectStore;
}): Promise<{ id: string; identity: Secret; recovery: Secret }> {
  const master = randomBytes(MASTER_BYTES);
  const identity = await generateX25519Identity();
  const recovery = await generateX25519Identity();
  const id = randomBytes(16).toString('hex');
  const slots = [
    await wrapMaster(store, { master, identity, role: 'everyday' }),
    await wrapMaster(store, { master, identity: recovery, role: 'recovery' }),
  ];
  try {
    await putDescription(store, id, deriveKeys(master));
  } catch (error) {
    if (HoldfastError.from(error).code === 'OBJECT_EXISTS')
      for (const slot of slots) await store.delete(slot);
    throw error;
  }
  return { id, identity: new Secret(identity), recovery: new Secret(recovery) };
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
