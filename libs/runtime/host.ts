import type { ServiceName } from '#libs/contracts/services.ts';
import type { Clock } from '#libs/kernel/clock.ts';
import type { Secret } from '#libs/kernel/secret.ts';
import type { Repository } from '#libs/repository/port.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { Log } from '#libs/telemetry/log.ts';

/** What every service is built on, wherever it runs: a process of its own, or inside `rescue`. */
export interface Host {
  readonly service: ServiceName;
  readonly site: string;
  readonly store: ObjectStore;
  readonly repository: Repository;
  readonly clock: Clock;
  readonly log: Log;
  /** Looks a spec's `{ env: NAME }` up, now: the process environment first, then services.env. Throws SECRET_MISSING. */
  readonly requireSecret: (name: string) => Secret;
  /** Folder with the PostgreSQL clients to try first, if one was found for us. */
  readonly pgBin: string | undefined;
}

/** Built once by a service's `service.ts`; owns what it opened. */
export interface BuiltService<Ports> extends AsyncDisposable {
  readonly ports: Ports;
}

export type BuildService<Ports> = (host: Host) => Promise<BuiltService<Ports>>;
