import { readFile } from 'node:fs/promises';
import type { StackState } from '#deploy/local/stack.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { Secret } from '#libs/kernel/secret.ts';
import { openStore } from '#libs/store/open-store.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { Context } from './command.ts';

/** The store of the stack of this home, as its services see it. */
export async function openStoreOf(
  { store: { kind, url } }: Pick<StackState, 'store'>,
  { env, home }: Pick<Context, 'env' | 'home'>,
): Promise<ObjectStore> {
  if (kind === 'minio' || kind === 'versitygw') return await openOwnServer(url, home.storeCredentialsFile);
  return openStoreByEnv(url, env);
}

/** A store that is none of our own servers: a bucket's credentials come from the environment. */
export function openStoreByEnv(url: string, env: Context['env']): ObjectStore {
  const accessKey = env['HOLDFAST_STORE_ACCESS_KEY'];
  const secretKey = env['HOLDFAST_STORE_SECRET_KEY'];
  return openStore(url, {
    ...(accessKey ? { accessKey } : {}),
    ...(secretKey ? { secretKey: new Secret(secretKey) } : {}),
  });
}

/** Its credentials are its own, though it may be of the same host. */
export function openSecondByEnv(url: string, env: Context['env']): ObjectStore {
  const accessKey = env['HOLDFAST_SECOND_STORE_ACCESS_KEY'];
  const secretKey = env['HOLDFAST_SECOND_STORE_SECRET_KEY'];
  return openStoreByEnv(url, { HOLDFAST_STORE_ACCESS_KEY: accessKey, HOLDFAST_STORE_SECRET_KEY: secretKey });
}

/** A server on loopback, by the credentials that were made for it. Throws STORE_REFUSED when they are gone. */
export async function openOwnServer(url: string, credentialsFile: string): Promise<ObjectStore> {
  const text = await readFile(credentialsFile, 'utf8').catch((cause: unknown) => {
    throw new HoldfastError('STORE_REFUSED', { missing: credentialsFile }, { cause });
  });
  const { accessKey, secretKey } = JSON.parse(text) as { accessKey: string; secretKey: string };
  return openStore(url, { accessKey, secretKey: new Secret(secretKey) });
}
