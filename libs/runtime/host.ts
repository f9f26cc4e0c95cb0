import type { Bus } from '#libs/bus/port.ts';
import type { ServiceName } from '#libs/contracts/services.ts';
import type { SecretRef } from '#libs/contracts/spec.ts';
import type { Clock } from '#libs/kernel/clock.ts';
import type { Secret } from '#libs/kernel/secret.ts';
import type { Repository } from '#libs/repository/port.ts';
import type { Caller } from '#libs/rpc/caller.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { Log } from '#libs/telemetry/log.ts';
import type { Tracing } from '#libs/telemetry/tracing.ts';

/** What every service is built on, wherever it runs: a process of its own, or inside `rescue`. */
export interface Host {
  readonly service: ServiceName;
  readonly site: string;
  readonly store: ObjectStore;
  readonly repository: Repository;
  /** Holds copies of what the store does: by replication alone, and healed from each other. */
  readonly second?: ObjectStore;
  /** The repository there, with the same identity. Throws REPOSITORY_MISSING before the first replication. */
  readonly openSecond?: () => Promise<Repository>;
  readonly clock: Clock;
  readonly log: Log;
  /** Looks a spec's `{ env }` or `{ file }` up, now: the environment first, then services.env. Throws SECRET_MISSING. */
  readonly requireSecret: (ref: SecretRef) => Secret;
  /** Folder with the PostgreSQL clients to try first, if one was found for us. */
  readonly pgBin: string | undefined;
  /** Name of this process among the coordinators of the store: the same after a restart. Lower case letters, digits, dashes. */
  readonly instance: string;
  /** A coordinator that shows no life for so long loses its runs to this one. */
  readonly takeoverMs: number;
  /** In `rescue`: what is asked is done, and nothing else; schedules and waiting events stay as they are. */
  readonly onlyAsked?: boolean;
}

/** Built once by a service's `service.ts`; owns what it opened. */
export interface BuiltService<Ports> extends AsyncDisposable {
  readonly ports: Ports;
  /**
   * For a service that does more than answer: starts its own loops once bus and caller are there. What it returns is
   * disposed before the service itself. Resolves when it takes work.
   */
  readonly start?: (wiring: Wiring) => Promise<AsyncDisposable>;
}

/** How a service reaches the others, wherever they run. */
export interface Wiring {
  readonly bus: Bus;
  readonly caller: Caller;
  readonly tracing: Tracing;
  /** Whose runs, open when their process ended, are continued here. */
  readonly adopts: (deployment: string) => boolean;
  /** Aborts on shutdown. */
  readonly signal: AbortSignal;
}

export type BuildService<Ports> = (host: Host) => Promise<BuiltService<Ports>>;
