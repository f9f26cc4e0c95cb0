import { readFile } from 'node:fs/promises';
import { systemClock } from '#libs/kernel/clock.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { Secret } from '#libs/kernel/secret.ts';
import { openRepository } from '#libs/repository/open.ts';
import { openStore } from '#libs/store/open-store.ts';
import type { Log } from '#libs/telemetry/log.ts';
import type { ServiceConfig } from './config.ts';
import { secretSource } from './env-file.ts';
import type { Host } from './host.ts';

/** Store, repository and secrets of a service process. Throws KEY_MISSING, STORE_NOT_CREATE_ONLY, and what opening them throws. */
export async function openHost(config: ServiceConfig, log: Log): Promise<Host> {
  const store = openStore(config.storeUrl, {
    ...(config.storeAccessKey === undefined ? {} : { accessKey: config.storeAccessKey }),
    ...(config.storeSecretKey === undefined ? {} : { secretKey: config.storeSecretKey }),
  });
  await store.probe();
  const repository = await openRepository({ store, identity: await readIdentity(config.keyFile) });
  return {
    service: config.service,
    site: config.site,
    store,
    repository,
    clock: systemClock,
    log,
    requireSecret: secretSource(process.env, config.envFile),
    pgBin: config.pgBin,
  };
}

async function readIdentity(keyFile: string): Promise<Secret> {
  const text = await readFile(keyFile, 'utf8').catch((cause: unknown) => {
    throw new HoldfastError('KEY_MISSING', { keyFile }, { cause });
  });
  const identity = text.split(/\r?\n/).find((line) => line.startsWith('AGE-SECRET-KEY-'));
  if (identity === undefined)
    throw new HoldfastError('KEY_WRONG', { keyFile, reason: 'no line begins with AGE-SECRET-KEY-' });
  return new Secret(identity.trim());
}
