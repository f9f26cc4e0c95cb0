import { z } from 'zod';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { canonicalJson, jsonIfAny } from '#libs/kernel/json.ts';
import { findBytes, signalOption } from '#libs/store/objects.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { signBytes, type RepositoryKeys } from '../keys.ts';
import { isSignedJson } from '../signed-json.ts';

const PREFIX = 'condemned/';
const DIGITS = 8;
const NAME_PATTERN = /^condemned\/(\d{8})\.json$/;

const listSchema = z.object({
  format: z.literal(1),
  condemned: z.record(z.string().regex(/^[1-9]\d*$/), z.array(z.string())),
  deleted: z.array(z.string()),
});
const signedSchema = z.object({ list: z.json(), signature: z.string() });

/** What is condemned as of a list (FORMAT.md#cleaning). */
export interface CondemnedList {
  /** 0: nothing was ever condemned. */
  readonly n: number;
  /** Object name → number of the list that first named it. */
  readonly condemned: ReadonlyMap<string, number>;
}

const NONE: CondemnedList = { n: 0, condemned: new Map() };

/** The condemned lists of a store; each is created once, and the newest one tells all. */
export class CondemnedLists {
  readonly #store: ObjectStore;
  readonly #keys: RepositoryKeys;
  #newest = NONE;

  constructor(store: ObjectStore, keys: RepositoryKeys) {
    this.#store = store;
    this.#keys = keys;
  }

  /** Found by its name, so that no listing that is behind hides it. Throws CLEANING_UNSAFE when it is damaged. */
  async newest(signal?: AbortSignal): Promise<CondemnedList> {
    let n = this.#newest.n === 0 ? await this.#lastListed(signal) : this.#newest.n;
    let bytes =
      n > this.#newest.n ? await findBytes(this.#store, nameOf(n), signalOption(signal)) : undefined;
    for (;;) {
      const next = await findBytes(this.#store, nameOf(n + 1), signalOption(signal));
      if (next === undefined) break;
      bytes = next;
      n += 1;
    }
    if (n > this.#newest.n) this.#newest = this.#open(n, bytes);
    return this.#newest;
  }

  /** Throws OBJECT_EXISTS when another cleaning was first. */
  async append(
    { n, condemned }: CondemnedList,
    deleted: readonly string[],
    signal?: AbortSignal,
  ): Promise<void> {
    const byList: Record<string, string[]> = {};
    for (const [name, since] of condemned) (byList[since] ??= []).push(name);
    const list = { format: 1, condemned: byList, deleted };
    const signature = signBytes(this.#keys, Buffer.from(canonicalJson(list)));
    const bytes = Buffer.from(`${JSON.stringify({ list, signature })}\n`);
    await this.#store.put(nameOf(n), bytes, { createOnly: true, ...signalOption(signal) });
    this.#newest = { n, condemned };
  }

  async #lastListed(signal: AbortSignal | undefined): Promise<number> {
    let last = 0;
    for await (const { name } of this.#store.list(PREFIX, signalOption(signal)))
      last = Math.max(last, Number(NAME_PATTERN.exec(name)?.[1] ?? 0));
    return last;
  }

  #open(n: number, bytes: Buffer | undefined): CondemnedList {
    const damaged = new HoldfastError('CLEANING_UNSAFE', { object: nameOf(n), reason: 'damaged' });
    const signed = signedSchema.safeParse(bytes && jsonIfAny(bytes));
    if (!signed.success) throw damaged;
    const { list, signature } = signed.data;
    const parsed = listSchema.safeParse(list);
    if (!parsed.success || !isSignedJson(this.#keys.verifying, list, signature)) throw damaged;
    const entries = Object.entries(parsed.data.condemned);
    return {
      n,
      condemned: new Map(entries.flatMap(([since, names]) => names.map((name) => [name, Number(since)]))),
    };
  }
}

function nameOf(n: number): string {
  return `${PREFIX}${String(n).padStart(DIGITS, '0')}.json`;
}
