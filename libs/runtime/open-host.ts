import { hostname } from 'node:os';
import { systemClock } from '#libs/kernel/clock.ts';
import { openRepository } from '#libs/repository/open.ts';
import { openStore } from '#libs/store/open-store.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { Log } from '#libs/telemetry/log.ts';
import { EVENTS } from '#libs/telemetry/names.ts';
import type { ServiceConfig } from './config.ts';
import { secretSource } from './env-file.ts';
import type { Host } from './host.ts';
import { readIdentity } from './key-file.ts';

/** Store, repository and secrets of a process, for the service or services in it. Throws KEY_MISSING, STORE_NOT_CREATE_ONLY, and what opening them throws. */
export async function openHost(config: ServiceConfig, log: Log): Promise<Omit<Host, 'service'>> {
  const store = storeOf(config);
  await store.probe();
  const repository = await openRepository({ store, identity: await readIdentity(config.keyFile) });
  if (repository.readOnly !== undefined) log.warn(EVENTS.repositoryReadOnly, { err: repository.readOnly });
  return {
    site: config.site,
    store,
    repository,
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
  return openStore(storeUrl, {
    ...(storeAccessKey === undefined ? {} : { accessKey: storeAccessKey }),
    ...(storeSecretKey === undefined ? {} : { secretKey: storeSecretKey }),
  });
}
