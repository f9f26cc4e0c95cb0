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

const waitAtLeast = (ms: number | undefined): number => (ms === undefined || !(ms >= 1) ? 1 : ms);

/**
 * Replaces time and chance of this process for good, in what modules have imported already as well. Real time is only
 * what the scheduler kept for itself.
 */
export function replaceTime(): void {
  const replaced = {
    setTimeout: (run: Callback, ms?: number, ...values: unknown[]) =>
      new VirtualTimer(() => run(...values), waitAtLeast(ms), false),
    setInterval: (run: Callback, ms?: number, ...values: unknown[]) =>
      new VirtualTimer(() => run(...values), waitAtLeast(ms), true),
    setImmediate: (run: Callback, ...values: unknown[]) => new VirtualTimer(() => run(...values), 0, false),
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clear,
  };
  Object.assign(globalThis, replaced);
  Object.assign(timers, replaced);
  const sleep = (ms?: number, value?: unknown, options?: { signal?: AbortSignal }) =>
    pause(waitAtLeast(ms), value, options);
  Object.assign(timersPromises, {
    setTimeout: sleep,
    setImmediate: (value?: unknown, options?: { signal?: AbortSignal }) => pause(0, value, options),
    setInterval: () => {
      throw new HoldfastError('INTERNAL', { reason: 'setInterval of timers/promises is not simulated' });
    },
  });
  AbortSignal.timeout = (ms: number): AbortSignal => {
    const controller = new AbortController();
    requireWorld().after(ms, () => controller.abort(new DOMException('timed out', 'TimeoutError')));
    return controller.signal;
  };
  replaceClocks();
  replaceChance();
  syncBuiltinESMExports();
}

function clear(timer: unknown): void {
  if (timer instanceof VirtualTimer) timer.close();
}

function pause(ms: number, value: unknown, options: { signal?: AbortSignal } = {}): Promise<unknown> {
  const { signal } = options;
  return new Promise((resolve, reject) => {
    const refuse = (): void => {
      event.cancelled = true;
      reject(new DOMException('The operation was aborted', { name: 'AbortError', cause: signal!.reason }));
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
  const now = (): number => requireWorld().wallClockMs();
  globalThis.Date = new Proxy(Date, {
    construct: (target, values, made) =>
      Reflect.construct(target, values.length === 0 ? [now()] : values, made),
    get: (target, name, receiver) => (name === 'now' ? now : Reflect.get(target, name, receiver)),
  });
  performance.now = () => requireWorld().nowMs;
}

function replaceChance(): void {
  const byte = (): number => requireWorld().random.int(256);
  const randomBytes = (size: number): Buffer => Buffer.from(Array.from({ length: size }, byte));
  const randomUUID = (): string => {
    const hex = randomBytes(16).toString('hex');
    return [
      hex.slice(0, 8),
      hex.slice(8, 12),
      `4${hex.slice(13, 16)}`,
      `8${hex.slice(17, 20)}`,
      hex.slice(20),
    ].join('-');
  };
  Object.assign(crypto, {
    randomBytes,
    randomUUID,
    randomInt: (low: number, high?: number) =>
      high === undefined ? requireWorld().random.int(low) : low + requireWorld().random.int(high - low),
  });
  Math.random = () => requireWorld().random.next();
  crypto.webcrypto.randomUUID = randomUUID as typeof crypto.webcrypto.randomUUID;
}
