import { hostname } from 'node:os';
import { systemClock } from '#libs/kernel/clock.ts';
import type { Secret } from '#libs/kernel/secret.ts';
import { openRepository } from '#libs/repository/open.ts';
import { openStore, type StoreCredentials } from '#libs/store/open-store.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { Log } from '#libs/telemetry/log.ts';
import { EVENTS } from '#libs/telemetry/names.ts';
import type { ServiceConfig } from './config.ts';
import { secretSource } from './env-file.ts';
import type { Host } from './host.ts';
import { readIdentity } from './key-file.ts';
import { lookAtSecond } from './second-store.ts';

/** Store, repository and secrets of a process, for the service or services in it. Throws KEY_MISSING, STORE_NOT_CREATE_ONLY, SECOND_STORE_SAME, and what opening them throws. */
export async function openHost(config: ServiceConfig, log: Log): Promise<Omit<Host, 'service'>> {
  const store = storeOf(config);
  await store.probe();
  const identity = await readIdentity(config.keyFile);
  const repository = await openRepository({ store, identity });
  if (repository.readOnly !== undefined) log.warn(EVENTS.repositoryReadOnly, { err: repository.readOnly });
  const second = secondStoreOf(config);
  const away = second && (await lookAtSecond({ store, second, repositoryId: repository.id }));
  if (away !== undefined) log.warn(EVENTS.secondStoreAway, { err: away });
  return {
    site: config.site,
    store,
    repository,
    ...(second === undefined
      ? {}
      : { second, openSecond: () => openRepository({ store: second, identity }) }),
    clock: systemClock,
    log,
    requireSecret: secretSource(process.env, config.envFile),
    pgBin: config.pgBin,
    instance: instanceName(config.listen),
    takeoverMs: config.takeoverMs,
  };
}

/** One process listens at an address of a host: after a restart its own runs are told by it, and continued at once. */
export function instanceName(address: string): string {
  return `${hostname()}-${address.slice(address.lastIndexOf(':') + 1)}`
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]/g, '-');
}

/** The store of a process's configuration; sends nothing yet. */
export function storeOf({ storeUrl, storeAccessKey, storeSecretKey }: ServiceConfig): ObjectStore {
  return openStore(storeUrl, credentials(storeAccessKey, storeSecretKey));
}

function secondStoreOf(config: ServiceConfig): ObjectStore | undefined {
  const { secondStoreUrl, secondStoreAccessKey, secondStoreSecretKey } = config;
  if (secondStoreUrl === undefined) return undefined;
  return openStore(secondStoreUrl, credentials(secondStoreAccessKey, secondStoreSecretKey));
}

function credentials(accessKey: string | undefined, secretKey: Secret | undefined): StoreCredentials {
  return {
    ...(accessKey === undefined ? {} : { accessKey }),
    ...(secretKey === undefined ? {} : { secretKey }),
  };
}
