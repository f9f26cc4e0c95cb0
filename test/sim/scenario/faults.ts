import type { Seat, System } from '../system.ts';
import type { SimBroker } from '../twins/broker.ts';
import { fairWeather, type Weather } from '../twins/weather.ts';
import type { Scheduler } from '../world/scheduler.ts';

export interface FaultDeps {
  readonly world: Scheduler;
  readonly weather: Weather;
  readonly broker: SimBroker;
  readonly system: System;
}

/** One kind of fault: it begins, and ends by itself. */
type Fault = (deps: FaultDeps) => void;

const seconds = (world: Scheduler, low: number, high: number): number =>
  world.random.between(low, high) * 1_000;

function during(deps: FaultDeps, ms: number, what: string, begin: () => void, end: () => void): void {
  const { world } = deps;
  world.note(`fault: ${what} for ${(ms / 1_000).toFixed(1)}s`);
  begin();
  world.afterInWorld(ms, () => {
    world.note(`fault ends: ${what}`);
    end();
  });
}

const living = ({ system }: FaultDeps): readonly Seat[] =>
  system.seats.filter(({ process }) => process.state === 'running');

/** Coordinators half of the time: there are fewer of them, and they decide. */
function someone(deps: FaultDeps): Seat | undefined {
  const { random } = deps.world;
  const all = living(deps);
  const coordinators = all.filter(({ role }) => role === 'restore-coordinator');
  const among = random.chance(0.5) && coordinators.length > 0 ? coordinators : all;
  return among.length === 0 ? undefined : random.pick(among);
}

function killFor(deps: FaultDeps, seat: Seat): void {
  const { world, system } = deps;
  system.kill(seat);
  world.afterInWorld(seconds(world, 0.2, 20), () => system.restart(seat));
}

function stopFor(deps: FaultDeps, seat: Seat): void {
  const { world } = deps;
  const { process } = seat;
  if (process.state !== 'running') return;
  // Past every patience there is for silence, or within all of them.
  const ms = seconds(world, 0.5, world.random.pick([10, 60, 120]));
  during(
    deps,
    ms,
    `${process.name} is stopped`,
    () => world.stop(process),
    () => world.continue(process),
  );
}

/** After so many more events of its own: so that no moment of its work is too short to be hit. */
function strike(act: (deps: FaultDeps, seat: Seat) => void): Fault {
  return (deps) => {
    const seat = someone(deps);
    if (seat === undefined) return;
    const { process } = seat;
    process.strike = {
      after: 1 + deps.world.random.int(deps.world.random.pick([10, 40, 150])),
      act: () => act(deps, seat),
    };
  };
}

const storeFault =
  (
    what: string,
    set: (store: Weather['store'], world: Scheduler) => void,
    reset: keyof Weather['store'],
  ): Fault =>
  (deps) =>
    during(
      deps,
      seconds(deps.world, 1, 20),
      what,
      () => set(deps.weather.store, deps.world),
      () => Object.assign(deps.weather.store, { [reset]: fairWeather().store[reset] }),
    );

const busFault =
  (what: string, set: (bus: Weather['bus'], world: Scheduler) => void, reset: keyof Weather['bus']): Fault =>
  (deps) =>
    during(
      deps,
      seconds(deps.world, 1, 25),
      what,
      () => set(deps.weather.bus, deps.world),
      () => Object.assign(deps.weather.bus, { [reset]: fairWeather().bus[reset] }),
    );

const FAULTS: Readonly<Record<string, Fault>> = {
  kill: strike(killFor),
  stop: strike(stopFor),
  partition(deps) {
    const seat = someone(deps);
    if (seat === undefined) return;
    const { process } = seat;
    during(
      deps,
      seconds(deps.world, 1, 60),
      `${process.name} is cut off from the bus`,
      () => (process.offBus = true),
      () => (process.offBus = false),
    );
  },
  clock(deps) {
    const seat = someone(deps);
    if (seat === undefined) return;
    const { random } = deps.world;
    const ms = Math.floor(random.between(-1, 1) * random.pick([2_000, 60_000, 3_600_000]));
    deps.world.note(`fault: the clock of ${seat.process.name} jumps by ${ms / 1_000}s`);
    seat.process.skewMs += ms;
  },
  'store refuses': storeFault(
    'the store refuses',
    (store, world) => (store.refused = world.random.between(0.05, 0.6)),
    'refused',
  ),
  'store answers are lost': storeFault(
    'answers of the store are lost',
    (store, world) => (store.answerLost = world.random.between(0.05, 0.5)),
    'answerLost',
  ),
  'store is away': storeFault('the store is away', (store) => (store.away = true), 'away'),
  'store is slow': storeFault(
    'the store is slow',
    (store, world) => (store.slow = world.random.pick([20, 200, 1_000])),
    'slow',
  ),
  'store is full': storeFault('the store is full', (store) => (store.full = true), 'full'),
  'stale listing': storeFault(
    'listings are stale',
    (store, world) => (store.staleMs = world.random.between(500, 10_000)),
    'staleMs',
  ),
  'bus loses': busFault(
    'the bus loses messages',
    (bus, world) => (bus.lost = world.random.between(0.05, 0.5)),
    'lost',
  ),
  'bus doubles': busFault('the bus doubles', (bus) => (bus.doubled = 0.5), 'doubled'),
  'bus reorders': busFault('the bus reorders', (bus) => (bus.reordered = 0.5), 'reordered'),
  'bus is slow': busFault(
    'the bus is slow',
    (bus, world) => (bus.slow = world.random.pick([50, 500])),
    'slow',
  ),
  'bus is away': busFault('the bus is away', (bus) => (bus.away = true), 'away'),
  'broker is erased': ({ broker }) => broker.erase(),
  'calls are lost'(deps) {
    during(
      deps,
      seconds(deps.world, 1, 20),
      'calls are lost',
      () => (deps.weather.rpcLost = 0.4),
      () => (deps.weather.rpcLost = 0),
    );
  },
};

/** A few kinds of faults, drawn by the seed, again and again until it is calm. */
export class Faults {
  readonly #deps: FaultDeps;
  readonly #kinds: readonly string[];
  readonly #pauseMs: number;
  isCalm = false;

  constructor(deps: FaultDeps) {
    const { random } = deps.world;
    this.#deps = deps;
    const share = random.pick([0.1, 0.25, 0.5]);
    this.#kinds = Object.keys(FAULTS).filter(() => random.chance(share));
    this.#pauseMs = random.pick([1_500, 4_000, 10_000]);
  }

  begin(): void {
    const { world } = this.#deps;
    if (this.#kinds.length === 0) return;
    world.note(`faults: ${this.#kinds.join(', ')}`);
    const next = (): void => {
      if (this.isCalm) return;
      FAULTS[world.random.pick(this.#kinds)]!(this.#deps);
      world.afterInWorld(world.random.between(0, 2) * this.#pauseMs, next);
    };
    world.afterInWorld(world.random.between(0, this.#pauseMs), next);
  }

  /** Nothing goes wrong from now on, and whoever is dead is started; who is stopped goes on when its time has come. */
  end(): void {
    const { world, weather, system } = this.#deps;
    world.note('all faults end');
    this.isCalm = true;
    Object.assign(weather, fairWeather());
    for (const seat of system.seats) {
      seat.process.strike = undefined;
      seat.process.offBus = false;
      system.restart(seat);
    }
  }
}
