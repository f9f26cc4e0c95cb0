import { z } from 'zod';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { signBytes, type RepositoryKeys } from '../keys.ts';
import { NumberedLists } from '../numbered-lists.ts';

export const CONDEMNED_PREFIX = 'condemned/';

/** Of `condemned/<n>.json` (FORMAT.md#cleaning). */
export const condemnedSchema = z.object({
  format: z.literal(1),
  condemned: z.record(z.string().regex(/^[1-9]\d*$/), z.array(z.string())),
  deleted: z.array(z.string()),
});

/** What is condemned as of a list (FORMAT.md#cleaning). */
export interface CondemnedList {
  /** 0: nothing was ever condemned. */
  readonly n: number;
  /** Object name → number of the list that first named it. */
  readonly condemned: ReadonlyMap<string, number>;
}

/** The condemned lists of a store. */
export class CondemnedLists {
  readonly #lists: NumberedLists<z.infer<typeof condemnedSchema>>;
  readonly #keys: RepositoryKeys;

  constructor(store: ObjectStore, keys: RepositoryKeys) {
    this.#keys = keys;
    this.#lists = new NumberedLists({
      store,
      prefix: CONDEMNED_PREFIX,
      verifying: keys.verifying,
      schema: condemnedSchema,
      damaged: (object) => new HoldfastError('CLEANING_UNSAFE', { object, reason: 'damaged' }),
    });
  }

  /** Throws CLEANING_UNSAFE when it is damaged. */
  async newest(signal?: AbortSignal): Promise<CondemnedList> {
    const { n, list } = await this.#lists.newest(signal);
    const entries = Object.entries(list?.condemned ?? {});
    return {
      n,
      condemned: new Map(entries.flatMap(([since, names]) => names.map((name) => [name, Number(since)]))),
    };
  }

  /** Throws OBJECT_EXISTS when another cleaning was first. */
  async append(
    { n, condemned }: CondemnedList,
    deleted: readonly string[],
    signal?: AbortSignal,
  ): Promise<void> {
    const byList: Record<string, string[]> = {};
    for (const [name, since] of condemned) (byList[since] ??= []).push(name);
    const list = { format: 1 as const, condemned: byList, deleted: [...deleted] };
    await this.#lists.append({ n, list }, (bytes) => signBytes(this.#keys, bytes), signal);
  }
}
