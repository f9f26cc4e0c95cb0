import { HoldfastError } from '#libs/kernel/errors.ts';
import { requireName, requirePrefix } from '#libs/store/names.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { request } from '../world/network.ts';
import type { Scheduler, SimProcess } from '../world/scheduler.ts';
import type { Weather } from './weather.ts';

interface StoredObject {
  readonly bytes: Buffer;
  readonly createdMs: number;
}

/** What the store tells of each change, at the moment of the change. */
export interface StoreWatch {
  onPut(name: string, bytes: Buffer, by: SimProcess | undefined, before: Buffer | undefined): void;
  onDelete(name: string, by: SimProcess | undefined): void;
}

/** The bucket: one for all processes. Each request is under way, takes effect at one moment, and may go wrong. */
export class SimBucket {
  readonly objects = new Map<string, StoredObject>();
  /** Names by their first token: a listing is of one of them. */
  readonly #folders = new Map<string, Set<string>>();
  readonly #world: Scheduler;
  readonly #weather: Weather;
  readonly #watch: StoreWatch;

  constructor(world: Scheduler, weather: Weather, watch: StoreWatch) {
    this.#world = world;
    this.#weather = weather;
    this.#watch = watch;
  }

  /** As one process reaches it; without retries. */
  client(): ObjectStore {
    const send = <T>(what: string, signal: AbortSignal | undefined, effect: () => T) =>
      this.#send(what, signal, effect);
    const store: ObjectStore = {
      name: 'simulated:',
      put: async (name, bytes, { createOnly, signal }) => {
        requireName(name);
        const copy = Buffer.from(bytes);
        await send(`put ${name}`, signal, () => this.#put(name, copy, createOnly));
      },
      get: (name, { range, signal } = {}) =>
        send(`get ${name}`, signal, () => {
          const bytes = this.#require(requireName(name));
          return Buffer.from(range === undefined ? bytes : bytes.subarray(range.start, range.end));
        }),
      head: (name, { signal } = {}) =>
        send(`head ${name}`, signal, () => {
          const found = this.objects.get(requireName(name));
          return found === undefined ? undefined : { bytes: found.bytes.length };
        }),
      delete: (name, { signal } = {}) => send(`delete ${name}`, signal, () => this.#delete(name)),
      list: (prefix, { startAfter = '', signal } = {}) => {
        requirePrefix(prefix);
        return this.#list(prefix, startAfter, signal);
      },
      retain: (name) => Promise.reject(new HoldfastError('STORE_CANNOT_LOCK', { object: name })),
      retainedUntil: () => Promise.resolve(undefined),
      probe: () => Promise.resolve(),
    };
    return store;
  }

  async *#list(prefix: string, startAfter: string, signal: AbortSignal | undefined) {
    const names = await this.#send(`list ${prefix}`, signal, () => {
      const notAfter = this.#world.nowMs - this.#weather.store.staleMs;
      const found = [];
      for (const name of this.#folders.get(topOf(prefix)) ?? []) {
        if (!name.startsWith(prefix) || name <= startAfter) continue;
        const { bytes, createdMs } = this.objects.get(name)!;
        if (createdMs <= notAfter) found.push({ name, bytes: bytes.length });
      }
      return found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    });
    yield* names;
  }

  #put(name: string, bytes: Buffer, createOnly: boolean): void {
    if (createOnly && this.objects.has(name)) throw new HoldfastError('OBJECT_EXISTS', { object: name });
    if (this.#weather.store.full) throw new HoldfastError('STORE_FULL', { object: name });
    const before = this.objects.get(name)?.bytes;
    this.objects.set(name, { bytes, createdMs: this.#world.nowMs });
    const folder = topOf(name);
    this.#folders.set(folder, (this.#folders.get(folder) ?? new Set()).add(name));
    this.#world.note(`+ ${name}`);
    this.#watch.onPut(name, bytes, this.#world.process, before);
  }

  #delete(name: string): void {
    if (!this.objects.delete(name)) return;
    this.#folders.get(topOf(name))!.delete(name);
    this.#world.note(`- ${name}`);
    this.#watch.onDelete(name, this.#world.process);
  }

  #require(name: string): Buffer {
    const found = this.objects.get(name);
    if (found === undefined) throw new HoldfastError('OBJECT_MISSING', { object: name });
    return found.bytes;
  }

  #send<T>(what: string, signal: AbortSignal | undefined, effect: () => T): Promise<T> {
    const { random } = this.#world;
    const { slow, refused, answerLost, away } = this.#weather.store;
    const thereMs = random.between(1, 6) * slow;
    const backMs = random.between(1, 6) * slow;
    const refuses = away || random.chance(refused);
    const unreachable = (): HoldfastError => {
      this.#world.note(`! ${what}`);
      return new HoldfastError(random.chance(0.5) ? 'STORE_UNREACHABLE' : 'STORE_THROTTLED', {
        object: what,
      });
    };
    const lost = !refuses && random.chance(answerLost) ? unreachable : undefined;
    return request(this.#world, { thereMs, backMs, signal, lost }, () => {
      if (refuses) throw unreachable();
      return effect();
    });
  }
}

function topOf(name: string): string {
  return name.slice(0, name.indexOf('/'));
}
