import type { ServiceName } from '#libs/contracts/services.ts';
import type { Clock } from '#libs/kernel/clock.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { bindServices } from '#libs/runtime/bind.ts';
import type { ServiceContract } from '#libs/runtime/contract.ts';
import type { BuildService, Host } from '#libs/runtime/host.ts';
import { takeWork } from '#libs/runtime/start-service.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { withLimit } from '#libs/store/with-limit.ts';
import { withRetry } from '#libs/store/with-retry.ts';
import type { Log } from '#libs/telemetry/log.ts';
import { noTracing } from '#libs/telemetry/tracing.ts';
import { contract as coordinatorContract } from '#services/restore-coordinator/contract.ts';
import { buildService as buildCoordinator } from '#services/restore-coordinator/service.ts';
import { simBus } from './twins/bus.ts';
import type { SimBroker } from './twins/broker.ts';
import { simCaller, type Door } from './twins/caller.ts';
import { simRepository } from './twins/repository.ts';
import type { SimBucket } from './twins/store.ts';
import type { Weather } from './twins/weather.ts';
import { databaseContract } from './workers/database.ts';
import type { Site, SitePorts } from './workers/site.ts';
import { configContract, filesContract } from './workers/trees.ts';
import { verifierContract } from './workers/verifier.ts';
import { wordsOf } from './world/history.ts';
import { SimProcess, type Scheduler } from './world/scheduler.ts';

/** As a store over the network is opened, with shorter pauses: the patience of a minute, in less virtual time. */
const PAUSES_MS = [100, 300, 1_000, 3_000];
const IN_FLIGHT_MAX = 16;
/** As it is when nothing is configured. */
const TAKEOVER_MS = 8_000;

export interface Parts {
  readonly world: Scheduler;
  readonly weather: Weather;
  readonly bucket: SimBucket;
  readonly broker: SimBroker;
  readonly site: Site;
}

export type Role = 'restore-coordinator' | 'db-snapshot' | 'file-snapshot' | 'config-vault' | 'verifier';

/** A place where a process of a role runs, again and again. */
export interface Seat {
  readonly role: Role;
  readonly name: string;
  process: SimProcess;
  lives: number;
}

/** The processes of the installation: each with a host, a store client and a bus of its own, as they have in production. */
export class System {
  readonly seats: Seat[] = [];
  readonly doors = new Set<Door>();
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  add(role: Role, name: string): Seat {
    const seat = { role, name, process: new SimProcess(`${name}.1`), lives: 1 };
    this.seats.push(seat);
    this.#start(seat);
    return seat;
  }

  kill(seat: Seat): void {
    const { world } = this.#parts;
    world.note(`kill -9 ${seat.process.name}`);
    world.kill(seat.process);
    for (const door of this.doors) if (door.process === seat.process) this.doors.delete(door);
  }

  restart(seat: Seat): void {
    if (seat.process.state !== 'dead') return;
    seat.lives += 1;
    const { skewMs } = seat.process;
    seat.process = new SimProcess(`${seat.name}.${seat.lives}`);
    seat.process.skewMs = skewMs;
    this.#start(seat);
  }

  /** Asks whoever answers; from outside of all processes. */
  get caller() {
    const { world, weather } = this.#parts;
    return simCaller(world, weather, this.doors, 'operator');
  }

  #start(seat: Seat): void {
    const { world } = this.#parts;
    world.note(`starts ${seat.process.name}`);
    const starting = world.within(seat.process, () => this.#run(seat));
    starting.catch((error: unknown) => this.#died(seat, seat.process, error));
  }

  /** As a supervisor does it: what could not start is started again. */
  #died(seat: Seat, process: SimProcess, error: unknown): void {
    const { world } = this.#parts;
    world.note(`ends: ${HoldfastError.from(error).message}`, process);
    if (seat.process !== process || process.state === 'dead') return;
    this.kill(seat);
    world.within(undefined, () => world.after(2_000, () => this.restart(seat)));
  }

  async #run(seat: Seat): Promise<void> {
    switch (seat.role) {
      case 'restore-coordinator':
        return this.#serve(seat, coordinatorContract, buildCoordinator);
      case 'db-snapshot':
        return this.#serve(seat, databaseContract, this.#modelOf());
      case 'file-snapshot':
        return this.#serve(seat, filesContract, this.#modelOf());
      case 'config-vault':
        return this.#serve(seat, configContract, this.#modelOf());
      case 'verifier':
        return this.#serve(seat, verifierContract, this.#modelOf());
    }
  }

  #modelOf(): BuildService<SitePorts> {
    const { world, site } = this.#parts;
    return ({ store, clock }) =>
      Promise.resolve({
        ports: { world, site, store, clock },
        [Symbol.asyncDispose]: () => Promise.resolve(),
      });
  }

  async #serve<Ports>(
    seat: Seat,
    contract: ServiceContract<Ports>,
    build: BuildService<Ports>,
  ): Promise<void> {
    const { world, weather, broker, bucket } = this.#parts;
    const { process } = seat;
    const clock: Clock = { now: () => world.wallClockMs(process) };
    const log = logOf(world);
    const host = hostOf(contract.service, seat, { clock, log, store: storeOf(bucket) });
    const bus = simBus({ world, weather, broker, log, clock });
    const caller = simCaller(world, weather, this.doors, seat.name);
    const built = await build(host);
    this.doors.add({
      service: contract.service,
      process,
      serves: bindServices(contract, built.ports, { log, repository: simRepository }),
    });
    const { signal } = new AbortController();
    const wiring = { bus, caller, tracing: noTracing, adopts: () => true, signal };
    await takeWork(new AsyncDisposableStack(), contract, built, host, wiring);
  }
}

function hostOf(service: ServiceName, { name }: Seat, own: Pick<Host, 'clock' | 'log' | 'store'>): Host {
  return {
    ...own,
    service,
    site: 'local',
    instance: name,
    takeoverMs: TAKEOVER_MS,
    repository: simRepository,
    requireSecret: () => {
      throw new HoldfastError('SECRET_MISSING', { name: 'none is simulated' });
    },
    pgBin: undefined,
  };
}

function storeOf(bucket: SimBucket): ObjectStore {
  return withRetry(withLimit(bucket.client(), { inFlightMax: IN_FLIGHT_MAX }), { pausesMs: PAUSES_MS });
}

/** What the processes log is part of the history. */
function logOf(world: Scheduler, fields: Readonly<Record<string, unknown>> = {}): Log {
  const say =
    (level: string) =>
    (event: string, more: Readonly<Record<string, unknown>> = {}) => {
      const { run_id, step, attempt, err, outcome, durable } = { ...fields, ...more } as Record<
        string,
        unknown
      >;
      const run = typeof run_id === 'string' ? run_id.slice(0, 8) : undefined;
      const about = wordsOf([run, step, attempt, outcome, durable]);
      const problem = err === undefined ? '' : ` ${describe(err)}`;
      world.note(`${level} ${event} ${about}${problem}`);
    };
  return {
    info: say('log'),
    warn: say('warn'),
    error: say('ERROR'),
    child: (more) => logOf(world, { ...fields, ...more }),
  };
}

function describe(error: unknown): string {
  const { code, message, cause } = HoldfastError.from(error);
  return `${code}: ${message}${cause instanceof Error ? ` (${cause.message})` : ''}`;
}
