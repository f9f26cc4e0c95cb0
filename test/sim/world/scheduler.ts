import { AsyncLocalStorage } from 'node:async_hooks';
import { EventQueue, type Scheduled } from './event-queue.ts';
import { History } from './history.ts';
import { Random } from './random.ts';
import { turn } from './virtual-time.ts';

/** A process of the simulated world; what it does is what runs in its context. */
export class SimProcess {
  readonly name: string;
  state: 'running' | 'stopped' | 'dead' = 'running';
  /** How far its wall clock is off. */
  skewMs = 0;
  /** Cut off from the bus. */
  offBus = false;
  /** What befalls it after so many more of its events. */
  strike: { after: number; readonly act: () => void } | undefined;
  /** What came while it was stopped. */
  readonly held: Scheduled[] = [];

  constructor(name: string) {
    this.name = name;
  }
}

const context = new AsyncLocalStorage<SimProcess | undefined>();

/** Many times what the longest world takes. */
const EVENTS_MAX = 400_000;

/** 2026-11-02, a Monday at noon. */
const BEGINNING_MS = Date.UTC(2026, 10, 2, 12);

/**
 * Virtual time. Everything that happens is an event with a time; events of one time are in the order that the seed
 * draws. One event runs until nothing of it is left to do, then the next; between two events time jumps.
 */
export class Scheduler {
  readonly random: Random;
  readonly history = new History();
  readonly #queue = new EventQueue();
  nowMs = 0;
  events = 0;

  readonly #eventsMax: number;

  constructor(seed: number, { eventsMax = EVENTS_MAX } = {}) {
    this.#eventsMax = eventsMax;
    this.random = new Random(seed);
  }

  /** The process whose code runs; undefined for the world itself. */
  get process(): SimProcess | undefined {
    return context.getStore();
  }

  /** Runs in the context of a process, or of the world. */
  within<T>(process: SimProcess | undefined, work: () => T): T {
    return context.run(process, work);
  }

  wallClockMs(process = this.process): number {
    return BEGINNING_MS + Math.floor(this.nowMs) + (process?.skewMs ?? 0);
  }

  note(what: string, process = this.process): void {
    this.history.add(this.nowMs, process?.name ?? 'world', what);
  }

  /** An event of a process (by default of the one that asks): dropped when it is dead by then, held while it is stopped. */
  after(delayMs: number, run: () => void, owner: SimProcess | undefined = this.process): Scheduled {
    const event = { atMs: this.nowMs + delayMs, tie: this.random.next(), owner, run, cancelled: false };
    this.#queue.push(event);
    return event;
  }

  /** An event of the world: it happens whatever becomes of the process that caused it. */
  afterInWorld(delayMs: number, run: () => void): Scheduled {
    const event = {
      atMs: this.nowMs + delayMs,
      tie: this.random.next(),
      owner: undefined,
      run,
      cancelled: false,
    };
    this.#queue.push(event);
    return event;
  }

  pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve));
  }

  stop(process: SimProcess): void {
    if (process.state === 'running') process.state = 'stopped';
  }

  continue(process: SimProcess): void {
    if (process.state !== 'stopped') return;
    process.state = 'running';
    for (const event of process.held.splice(0))
      this.#queue.push({ ...event, atMs: this.nowMs, tie: this.random.next() });
  }

  kill(process: SimProcess): void {
    process.state = 'dead';
    process.held.length = 0;
  }

  /** Before what the event led to has run: it is cut off in the middle. */
  #strike(process: SimProcess): void {
    const strike = process.strike!;
    strike.after -= 1;
    if (strike.after > 0) return;
    process.strike = undefined;
    context.run(undefined, strike.act);
  }

  /** Until that moment, or until `isOver`, or until nothing is left to happen. */
  async run(untilMs: number, isOver: () => boolean): Promise<void> {
    for (;;) {
      if (this.events > this.#eventsMax)
        throw new Error(`no end after ${this.#eventsMax} events: something goes round in circles`);
      const event = this.#queue.peek();
      if (event === undefined || event.atMs > untilMs || isOver()) return;
      this.#queue.pop();
      if (event.cancelled || event.owner?.state === 'dead') continue;
      if (event.owner?.state === 'stopped') {
        event.owner.held.push(event);
        continue;
      }
      this.nowMs = Math.max(this.nowMs, event.atMs);
      this.events += 1;
      context.run(event.owner, event.run);
      if (event.owner?.strike !== undefined) this.#strike(event.owner);
      await turn();
    }
  }
}
