import { canonicalJson, type Json } from '#libs/kernel/json.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { sha256 } from '#libs/kernel/ids.ts';
import type { ObjectStore } from '#libs/store/port.ts';

/** One entry of an append-only, hash-chained record. `previous` is the SHA-256 of the entry before, '' for the first. */
export interface ChainEntry<E> {
  readonly n: number;
  readonly at: string;
  readonly previous: string;
  readonly event: E;
}

/** Ten thousand million entries sort as text; a longer record is a fault. */
const DIGITS = 10;

/**
 * An append-only record below `prefix`: entry n is the object `<prefix><n>.json`, created once. Two writers race for
 * the next number and exactly one wins; whoever loses reads on and decides again.
 */
export class Chain<E> {
  readonly #store: ObjectStore;
  readonly #prefix: string;
  readonly #entries: ChainEntry<E>[] = [];
  #tail = '';

  constructor(store: ObjectStore, prefix: string) {
    this.#store = store;
    this.#prefix = prefix;
  }

  get entries(): readonly ChainEntry<E>[] {
    return this.#entries;
  }

  /** Reads what was appended since the last time. Throws JOURNAL_BROKEN where the chain does not continue. */
  async refresh(options: { signal?: AbortSignal } = {}): Promise<readonly ChainEntry<E>[]> {
    const last = this.#entries.at(-1);
    const after = last === undefined ? {} : { startAfter: this.#nameOf(last.n) };
    for await (const { name } of this.#store.list(this.#prefix, { ...options, ...after })) {
      // Numbered names sort before the folders that may lie beside them (`results/`).
      if (!/^\d+\.json$/.test(name.slice(this.#prefix.length))) break;
      this.#accept(await this.#store.get(name, options), name);
    }
    return this.#entries;
  }

  /** Appends at the next number. Throws OBJECT_EXISTS when another writer was first; nothing was written then. */
  async append(event: E, at: string, options: { signal?: AbortSignal } = {}): Promise<ChainEntry<E>> {
    const n = this.#entries.length;
    const bytes = Buffer.from(canonicalJson({ n, at, previous: this.#tail, event } as unknown as Json));
    await this.#store.put(this.#nameOf(n), bytes, { createOnly: true, ...options });
    this.#accept(bytes, this.#nameOf(n));
    return this.#entries[n]!;
  }

  #accept(bytes: Buffer, name: string): void {
    const entry = parseEntry<E>(bytes, name);
    if (entry.n !== this.#entries.length || entry.previous !== this.#tail) {
      throw new HoldfastError('JOURNAL_BROKEN', { object: name, wanted: this.#entries.length });
    }
    this.#entries.push(entry);
    this.#tail = sha256(bytes);
  }

  #nameOf(n: number): string {
    return `${this.#prefix}${String(n).padStart(DIGITS, '0')}.json`;
  }
}

export function parseEntry<E>(bytes: Buffer, name: string): ChainEntry<E> {
  try {
    return JSON.parse(bytes.toString('utf8')) as ChainEntry<E>;
  } catch (cause) {
    throw new HoldfastError('JOURNAL_BROKEN', { object: name }, { cause });
  }
}
