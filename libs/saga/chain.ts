import { canonicalJson, jsonIfAny, type Json } from '#libs/kernel/json.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { sha256 } from '#libs/kernel/ids.ts';
import { findBytes, signalOption } from '#libs/store/objects.ts';
import type { ObjectStore } from '#libs/store/port.ts';

/** One entry of an append-only, hash-chained record. `previous` is the SHA-256 of the entry before, '' for the first. */
export interface ChainEntry<E> {
  readonly n: number;
  readonly at: string;
  readonly previous: string;
  readonly event: E;
}

/** A place in a chain: the number of the next entry, and the SHA-256 of the one before it. */
export interface ChainPlace {
  readonly next: number;
  readonly head: string;
}

interface Options {
  readonly signal?: AbortSignal | undefined;
}

export const CHAIN_START: ChainPlace = { next: 0, head: '' };

/** Ten thousand million entries sort as text; a longer record is a fault. */
const DIGITS = 10;
/** Entries asked for at once when many are to be read: what a store serves side by side. */
const READ_AHEAD_MAX = 16;

/**
 * An append-only record below `prefix`: entry n is the object `<prefix><n>.json`, created once. Two writers race for
 * the next number and exactly one wins; whoever loses reads on and decides again. Entries are read by name, never by
 * a listing: one that is late hides nothing.
 */
export class Chain<E> {
  readonly #store: ObjectStore;
  readonly #prefix: string;
  readonly #entries: ChainEntry<E>[] = [];
  #next: number;
  #head: string;

  /** `from` is a place that is known to be good; what lies before it is not read. */
  constructor(store: ObjectStore, prefix: string, from: ChainPlace = CHAIN_START) {
    this.#store = store;
    this.#prefix = prefix;
    this.#next = from.next;
    this.#head = from.head;
  }

  /** All from the place where this began. */
  get entries(): readonly ChainEntry<E>[] {
    return this.#entries;
  }

  /** SHA-256 of the last entry, as stored; '' before the first. */
  get head(): string {
    return this.#head;
  }

  get next(): number {
    return this.#next;
  }

  /** Reads what was appended since the last time. Throws JOURNAL_BROKEN where the chain does not continue. */
  async refresh(options: Options = {}): Promise<readonly ChainEntry<E>[]> {
    for (let ahead = 1; await this.#readOn(ahead, options); ahead = further(ahead));
    return this.#entries;
  }

  /** The same for records that are too long for memory: entries as they are read, and none is kept. */
  async *scan(options: Options = {}): AsyncIterable<ChainEntry<E>> {
    for (let ahead = 1, more = true; more; ahead = further(ahead)) {
      more = await this.#readOn(ahead, options);
      yield* this.#entries.splice(0);
    }
  }

  /** Entries before number `next` leave memory; the chain goes on as before. */
  forget(next: number): void {
    const kept = this.#entries.findIndex(({ n }) => n >= next);
    this.#entries.splice(0, kept < 0 ? this.#entries.length : kept);
  }

  /** Appends at the next number. Throws OBJECT_EXISTS when another writer was first; nothing was written then. */
  async append(event: E, at: string, options: Options = {}): Promise<ChainEntry<E>> {
    const n = this.#next;
    const bytes = encodeEntry({ n, at, previous: this.#head, event });
    await this.#store.put(entryName(this.#prefix, n), bytes, {
      createOnly: true,
      ...signalOption(options.signal),
    });
    this.#accept(bytes);
    return this.#entries.at(-1)!;
  }

  /** The next entries, as many as are asked for at once; false when the last one was read. */
  async #readOn(ahead: number, options: Options): Promise<boolean> {
    const numbers = Array.from({ length: ahead }, (_, index) => this.#next + index);
    const read = await Promise.all(numbers.map((n) => this.#find(n, options)));
    const end = read.indexOf(undefined);
    for (const bytes of end < 0 ? read : read.slice(0, end)) this.#accept(bytes!);
    if (end < 0) return true;
    if (read.slice(end).every((bytes) => bytes === undefined)) return false;
    // Appended between two of our looks, or gone: an entry is never there before the one it follows.
    if ((await this.#find(this.#next, options)) === undefined)
      throw this.#broken('is missing: there are entries behind it');
    return true;
  }

  #find(n: number, options: Options): Promise<Buffer | undefined> {
    return findBytes(this.#store, entryName(this.#prefix, n), signalOption(options.signal));
  }

  #accept(bytes: Buffer): void {
    const entry = parseEntry<E>(bytes, entryName(this.#prefix, this.#next));
    if (entry.n !== this.#next || entry.previous !== this.#head)
      throw this.#broken('does not follow the entry before it');
    this.#entries.push(entry);
    this.#next += 1;
    this.#head = sha256(bytes);
  }

  #broken(reason: string): HoldfastError {
    return new HoldfastError('JOURNAL_BROKEN', { object: entryName(this.#prefix, this.#next), reason });
  }
}

function further(ahead: number): number {
  return Math.min(ahead * 4, READ_AHEAD_MAX);
}

export function entryName(prefix: string, n: number): string {
  return `${prefix}${paddedNumber(n)}.json`;
}

export function paddedNumber(n: number): string {
  return String(n).padStart(DIGITS, '0');
}

export function encodeEntry<E>(entry: ChainEntry<E>): Buffer {
  return Buffer.from(canonicalJson(entry as unknown as Json));
}

export function parseEntry<E>(bytes: Buffer, name: string): ChainEntry<E> {
  const entry = jsonIfAny(bytes) as ChainEntry<E> | undefined;
  if (entry?.event === undefined)
    throw new HoldfastError('JOURNAL_BROKEN', { object: name, reason: 'is no entry' });
  return entry;
}

/**
 * How many of a contiguous row of objects there are, of which `atLeast` are known: by leaps that double, then by
 * halves. Whoever appends meanwhile may be missed.
 */
export async function countBySearch(
  exists: (index: number) => Promise<boolean>,
  atLeast: number,
): Promise<number> {
  let present = atLeast - 1;
  let absent = atLeast;
  for (let step = 1; await exists(absent); step *= 2) {
    present = absent;
    absent += step;
  }
  while (absent - present > 1) {
    const middle = Math.floor((present + absent) / 2);
    if (await exists(middle)) present = middle;
    else absent = middle;
  }
  return absent;
}
