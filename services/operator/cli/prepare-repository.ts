import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { prepareHome } from '#deploy/local/home.ts';
import type { StoreChoice } from '#deploy/local/stack.ts';
import { startRecipients } from '#libs/repository/change-recipients.ts';
import { createRepository, findRepository, openRepository } from '#libs/repository/open.ts';
import { readIdentity } from '#libs/runtime/key-file.ts';
import { lookAtSecond } from '#libs/runtime/second-store.ts';
import { findBytes } from '#libs/store/objects.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { aboutObjects } from './bundled.ts';
import type { Context } from './command.ts';
import { readOrMakeIdentity } from './key-files.ts';
import { openSecondByEnv } from './open-store.ts';
import { withStore } from './store-for-now.ts';

/** Where the offline recovery key is written when no other place is named. */
export const RECOVERY_FILE = 'recovery-key.txt';

export interface PreparedRepository {
  readonly id: string;
  /** False when it was there before. */
  readonly created: boolean;
  /** Undefined when the recovery key is not on this machine, as it should be. */
  readonly recoveryFile: string | undefined;
}

/**
 * Sees to it that the store holds a repository and this home a key that opens it; idempotent. Throws KEY_MISSING,
 * KEY_WRONG, REPOSITORY_FOREIGN, STORE_NOT_CREATE_ONLY, SECOND_STORE_SAME, HOME_IN_USE.
 */
export async function prepareRepository(
  wanted: { store: StoreChoice; secondStoreUrl?: string | undefined; recoveryFile: string | undefined },
  context: Context,
): Promise<PreparedRepository> {
  const { home, env, report } = context;
  await prepareHome(home.folder);
  const files = {
    keyFile: env['HOLDFAST_KEY_FILE'] || home.keyFile,
    recoveryFile: wanted.recoveryFile ?? join(home.folder, RECOVERY_FILE),
  };
  return await withStore(wanted.store, context, async (store) => {
    const found = await findRepository(store);
    const prepared =
      found === undefined ? await makeRepository(store, files, context) : await openFound(store, files);
    await writeAbout(store);
    if (wanted.secondStoreUrl !== undefined) {
      const second = openSecondByEnv(wanted.secondStoreUrl, env);
      const away = await lookAtSecond({ store, second, repositoryId: prepared.id });
      if (away !== undefined) report.note(`second store ${second.name} is away: ${away.message}`);
    }
    return prepared;
  });
}

interface KeyFiles {
  readonly keyFile: string;
  readonly recoveryFile: string;
}

/** Keys first, then the repository: a crash between leaves keys that the next attempt takes. */
async function makeRepository(
  store: ObjectStore,
  { keyFile, recoveryFile }: KeyFiles,
  { interrupts }: Context,
): Promise<PreparedRepository> {
  await store.probe({ signal: interrupts.signal });
  const identity = await readOrMakeIdentity(keyFile, ['Holdfast: identity of this home. Keep it private.']);
  const recovery = await readOrMakeIdentity(recoveryFile, [
    `Holdfast: offline recovery key for ${store.name}`,
    'With it and the store alone everything can be restored. Keep it where it survives the loss of this machine.',
  ]);
  const { id } = await createRepository({ store, identity, recovery });
  return { id, created: true, recoveryFile };
}

async function openFound(
  store: ObjectStore,
  { keyFile, recoveryFile }: KeyFiles,
): Promise<PreparedRepository> {
  const identity = await readIdentity(keyFile);
  const { id, readOnly } = await openRepository({ store, identity });
  const isHere = await stat(recoveryFile).then(
    (found) => found.isFile(),
    () => false,
  );
  // A creation that was cut off at its very end.
  if (isHere && readOnly === undefined)
    await startRecipients({ store, identity, recovery: await readIdentity(recoveryFile) });
  return { id, created: false, recoveryFile: isHere ? recoveryFile : undefined };
}

/** So that the store explains itself; a newer Holdfast leaves its newer text and program. */
async function writeAbout(store: ObjectStore): Promise<void> {
  for (const { name, bytes } of await aboutObjects()) {
    const there = await findBytes(store, name);
    if (there?.equals(bytes) !== true) await store.put(name, bytes, { createOnly: false });
  }
}
