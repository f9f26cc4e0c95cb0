import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { stopStack } from '#deploy/local/detached-stack.ts';
import { tryLock } from '#deploy/local/numbered-lock.ts';
import { diskStoreUrl, type ServerKind } from '#deploy/local/object-store.ts';
import { readStack, type StoreChoice } from '#deploy/local/stack.ts';
import { startObjectServer } from '#deploy/local/standalone-server.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { openStore } from '#libs/store/open-store.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { Context } from './command.ts';
import { openOwnServer, openStoreByEnv, openStoreOf } from './open-store.ts';

/**
 * Works with the store of a choice, whether the stack runs or not: a server of our own that is not up is started for
 * as long as the work takes, under the lock of the home. Throws HOME_IN_USE when another stack of the home runs.
 */
export async function withStore<T>(
  choice: StoreChoice,
  context: Context,
  work: (store: ObjectStore) => Promise<T>,
): Promise<T> {
  const { home, env } = context;
  switch (choice.kind) {
    case 'disk':
      return await work(openStore(diskStoreUrl(home.storeFolder)));
    case 'url':
      return await work(openStoreByEnv(choice.url, env));
    case 'minio':
    case 'versitygw': {
      const state = await readStack(home.folder);
      if (state?.running === true && state.store.kind === choice.kind)
        return await work(await openStoreOf(state, context));
      return await withServer(choice.kind, context, work);
    }
    default:
      return choice satisfies never;
  }
}

async function withServer<T>(
  kind: ServerKind,
  { home, interrupts, report }: Context,
  work: (store: ObjectStore) => Promise<T>,
): Promise<T> {
  await mkdir(home.lockFolder, { recursive: true, mode: 0o700 });
  const outcome = await tryLock(home.lockFolder);
  if (outcome.kind !== 'held')
    throw new HoldfastError('HOME_IN_USE', { home: home.folder, pid: outcome.holder.pid });
  await using stack = new AsyncDisposableStack();
  stack.use(outcome.lock);
  // A killed stack may have left its server on the same data.
  await stopStack(home.folder);
  const server = stack.use(
    await startObjectServer({
      kind,
      folder: join(home.folder, kind),
      credentialsFile: home.storeCredentialsFile,
      signal: interrupts.signal,
      onNote: (note) => {
        report.note(note);
      },
    }),
  );
  return await work(await openOwnServer(server.storeUrl, home.storeCredentialsFile));
}
