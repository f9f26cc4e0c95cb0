import { randomBytes } from 'node:crypto';
import { isoTime, systemClock } from '#libs/kernel/clock.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { Secret } from '#libs/kernel/secret.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { generateX25519Identity } from 'age-encryption';
import { findDescription, DESCRIPTION_OBJECT, FORMAT_VERSION, signDescription } from './description.ts';
import { deriveKeys, KEY_BYTES, type RepositoryKeys } from './keys.ts';
import { unwrapRings, wrapRing } from './key-slots.ts';
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
  const candidates = (await unwrapRings(store, identity)).map(deriveKeys);
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

export async function newIdentity(): Promise<Secret> {
  return new Secret(await generateX25519Identity());
}

/**
 * Makes a repository for two identities: one for every day, one to be kept elsewhere; fresh ones where none is given.
 * Who must not lose them in a crash keeps them first and gives them here. The commit point is holdfast.json, last and
 * create-only: a crash before it leaves key slots that open nothing, and creation can be repeated; of two creators
 * one wins and the other gets OBJECT_EXISTS. Throws KEY_WRONG when what is given is no identity.
 */
export async function createRepository(wanted: {
  store: ObjectStore;
  identity?: Secret;
  recovery?: Secret;
}): Promise<{ id: string; identity: Secret; recovery: Secret }> {
  const { store, identity = await newIdentity(), recovery = await newIdentity() } = wanted;
  const ring = [randomBytes(KEY_BYTES)];
  const id = randomBytes(16).toString('hex');
  const slots = [
    await wrapRing(store, { ring, identity, slot: `everyday-${id}` }),
    await wrapRing(store, { ring, identity: recovery, slot: `recovery-${id}` }),
  ];
  try {
    await putDescription(store, id, deriveKeys(ring));
  } catch (error) {
    if (HoldfastError.from(error).code === 'OBJECT_EXISTS')
      for (const slot of slots) await store.delete(slot);
    throw error;
  }
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
