import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers';
import timersPromises from 'node:timers/promises';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Scheduled } from './event-queue.ts';
import type { Scheduler } from './scheduler.ts';

/** What timers, clocks and chance come from; one world at a time. */
let world: Scheduler | undefined;

export function enterWorld(entered: Scheduler | undefined): void {
  world = entered;
}

function requireWorld(): Scheduler {
  if (world === undefined)
    throw new HoldfastError('INTERNAL', { reason: 'time was asked for outside of a world' });
  return world;
}

class VirtualTimer {
  readonly #run: () => void;
  readonly #ms: number;
  readonly #repeats: boolean;
  #event: Scheduled | undefined;

  constructor(run: () => void, ms: number, repeats: boolean) {
    this.#run = run;
    this.#ms = ms;
    this.#repeats = repeats;
    this.refresh();
  }

  refresh(): this {
    this.close();
    this.#event = requireWorld().after(this.#ms, () => {
      if (this.#repeats) this.refresh();
      this.#run();
    });
    return this;
  }

  close(): void {
    if (this.#event !== undefined) this.#event.cancelled = true;
  }

  ref = (): this => this;
  unref = (): this => this;
  hasRef = (): boolean => true;

  [Symbol.dispose](): void {
    this.close();
  }
}

type Callback = (...values: unknown[]) => void;

/** What time and chance were before; they still are wherever no world has been entered. */
const real = {
  setTimeout,
  setInterval,
  setImmediate,
  clearTimeout,
  clearInterval,
  clearImmediate,
  sleep: timersPromises.setTimeout,
  turn: timersPromises.setImmediate,
  timeout: AbortSignal.timeout.bind(AbortSignal),
  Date,
  now: performance.now.bind(performance),
  random: Math.random,
  randomBytes: crypto.randomBytes,
  randomUUID: crypto.randomUUID,
  randomInt: crypto.randomInt,
};

/** Lets the real event loop turn: afterwards nothing is left to do of what ran before. */
export function turn(): Promise<void> {
  return new Promise((resolve) => void real.setImmediate(resolve));
}

const waitAtLeast = (ms: number | undefined): number => (ms === undefined || !(ms >= 1) ? 1 : ms);

/**
 * Replaces time and chance of this process for good, in what modules have imported already as well. Real time is only
 * what the scheduler kept for itself.
 */
export function replaceTime(): void {
  const start = (ms: number, repeats: boolean, run: Callback, values: readonly unknown[]) =>
    new VirtualTimer(() => run(...values), ms, repeats);
  const replaced = {
    setTimeout: (run: Callback, ms?: number, ...values: unknown[]) =>
      world === undefined ? real.setTimeout(run, ms, ...values) : start(waitAtLeast(ms), false, run, values),
    setInterval: (run: Callback, ms?: number, ...values: unknown[]) =>
      world === undefined ? real.setInterval(run, ms, ...values) : start(waitAtLeast(ms), true, run, values),
    setImmediate: (run: Callback, ...values: unknown[]) =>
      world === undefined ? real.setImmediate(run, ...values) : start(0, false, run, values),
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clear,
  };
  Object.assign(globalThis, replaced);
  Object.assign(timers, replaced);
  Object.assign(timersPromises, {
    setTimeout: (ms?: number, value?: unknown, options: { signal?: AbortSignal } = {}) =>
      world === undefined ? real.sleep(ms, value, options) : pause(waitAtLeast(ms), value, options),
    setImmediate: (value?: unknown, options: { signal?: AbortSignal } = {}) =>
      world === undefined ? real.turn(value, options) : pause(0, value, options),
    setInterval: () => {
      throw new HoldfastError('INTERNAL', { reason: 'setInterval of timers/promises is not simulated' });
    },
  });
  AbortSignal.timeout = (ms: number): AbortSignal => {
    if (world === undefined) return real.timeout(ms);
    const controller = new AbortController();
    world.after(ms, () => controller.abort(new DOMException('timed out', 'TimeoutError')));
    return controller.signal;
  };
  replaceClocks();
  replaceChance();
  syncBuiltinESMExports();
}

function clear(timer: unknown): void {
  if (timer instanceof VirtualTimer) timer.close();
  else real.clearTimeout(timer as NodeJS.Timeout);
}

function pause(ms: number, value: unknown, { signal }: { signal?: AbortSignal }): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const refuse = (): void => {
      event.cancelled = true;
      reject(
        Object.assign(new Error('The operation was aborted'), { name: 'AbortError', code: 'ABORT_ERR' }),
      );
    };
    const event = requireWorld().after(ms, () => {
      signal?.removeEventListener('abort', refuse);
      resolve(value);
    });
    if (signal?.aborted === true) return refuse();
    signal?.addEventListener('abort', refuse, { once: true });
  });
}

function replaceClocks(): void {
  const now = (): number => world?.wallClockMs() ?? real.Date.now();
  globalThis.Date = new Proxy(real.Date, {
    construct: (target, values, made) =>
      Reflect.construct(target, values.length === 0 ? [now()] : values, made) as object,
    get: (target, name, receiver) =>
      name === 'now' ? now : (Reflect.get(target, name, receiver) as unknown),
  });
  performance.now = () => world?.nowMs ?? real.now();
}

function replaceChance(): void {
  const drawn = (size: number, { random }: Scheduler): Buffer =>
    Buffer.from(Array.from({ length: size }, () => random.int(256)));
  const uuid = (from: Scheduler): string => {
    const hex = drawn(16, from).toString('hex');
    return [
      hex.slice(0, 8),
      hex.slice(8, 12),
      `4${hex.slice(13, 16)}`,
      `8${hex.slice(17, 20)}`,
      hex.slice(20),
    ].join('-');
  };
  Object.assign(crypto, {
    randomBytes: (size: number) => (world === undefined ? real.randomBytes(size) : drawn(size, world)),
    randomUUID: () => (world === undefined ? real.randomUUID() : uuid(world)),
    randomInt: (low: number, high: number) =>
      world === undefined ? real.randomInt(low, high) : low + world.random.int(high - low),
  });
  Math.random = () => world?.random.next() ?? real.random();
}
