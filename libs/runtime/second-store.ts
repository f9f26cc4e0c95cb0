import { randomUUID } from 'node:crypto';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { findRepository } from '#libs/repository/open.ts';
import type { ObjectStore } from '#libs/store/port.ts';

/**
 * A second store is another place than the first, honours create-only writes, and holds this repository or none yet.
 * Answers why it cannot be looked at now: a copy that is away keeps nobody from a backup. Throws SECOND_STORE_SAME,
 * STORE_NOT_CREATE_ONLY, REPOSITORY_FOREIGN.
 */
export async function lookAtSecond(look: {
  readonly store: ObjectStore;
  readonly second: ObjectStore;
  readonly repositoryId: string;
}): Promise<HoldfastError | undefined> {
  try {
    await requireOther(look);
    return undefined;
  } catch (thrown) {
    const error = HoldfastError.from(thrown);
    if (error.entry.retry !== 'transient') throw error;
    return error;
  }
}

async function requireOther({
  store,
  second,
  repositoryId,
}: Parameters<typeof lookAtSecond>[0]): Promise<void> {
  await second.probe();
  if (await isSamePlace(store, second))
    throw new HoldfastError('SECOND_STORE_SAME', { store: store.name, second: second.name });
  const found = await findRepository(second);
  if (found?.id !== undefined && found.id !== repositoryId)
    throw new HoldfastError('REPOSITORY_FOREIGN', { store: second.name });
}

/** Whatever the two addresses say: what is put into the one is looked for in the other. */
async function isSamePlace(store: ObjectStore, second: ObjectStore): Promise<boolean> {
  const name = `probe/same-${randomUUID()}`;
  await store.put(name, Buffer.from(name), { createOnly: true });
  try {
    return (await second.head(name)) !== undefined;
  } finally {
    await store.delete(name);
  }
}
