import { z } from 'zod';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { jsonIfAny } from '#libs/kernel/json.ts';
import { numberedName } from '#libs/repository/numbered-lists.ts';
import { countBySearch } from '#libs/saga/chain.ts';
import { findBytes, signalOption } from '#libs/store/objects.ts';
import type { ObjectStore } from '#libs/store/port.ts';

/** Packs that were read again, in the order of their names: those behind `after`, up to and with `through`. */
const shape = z.object({
  format: z.literal(1),
  /** Empty: from the first name on. */
  after: z.string(),
  /** Empty: to the last name there was. */
  through: z.string(),
  at: z.string(),
  packs: z.int(),
  bytes: z.int(),
  damaged: z.array(z.string()),
});
export type ScrubEntry = z.infer<typeof shape>;

interface Options {
  readonly signal?: AbortSignal | undefined;
}

/** How many entries there are; the first is number 1. Found by name: a listing that is late would read packs twice. */
export async function countScrubbed(store: ObjectStore, { signal }: Options = {}): Promise<number> {
  const exists = async (index: number) =>
    (await store.head(entryName(index + 1), signalOption(signal))) !== undefined;
  return await countBySearch(exists, 0);
}

/** The newest first. One that is damaged is passed over: what it told of is read again in its turn. */
export async function* scrubbedBack(store: ObjectStore, { signal }: Options = {}): AsyncIterable<ScrubEntry> {
  for (let n = await countScrubbed(store, { signal }); n > 0; n -= 1) {
    const bytes = await findBytes(store, entryName(n), signalOption(signal));
    const parsed = shape.safeParse(bytes === undefined ? undefined : jsonIfAny(bytes));
    if (parsed.success) yield parsed.data;
  }
}

/** At the next number that is free. */
export async function appendScrubbed(
  store: ObjectStore,
  entry: Omit<ScrubEntry, 'format'>,
  { signal }: Options = {},
): Promise<void> {
  const bytes = Buffer.from(JSON.stringify({ format: 1, ...entry }));
  for (let n = (await countScrubbed(store, { signal })) + 1; ; n += 1)
    try {
      return await store.put(entryName(n), bytes, { createOnly: true, ...signalOption(signal) });
    } catch (thrown) {
      if (HoldfastError.from(thrown).code !== 'OBJECT_EXISTS') throw thrown;
    }
}

function entryName(n: number): string {
  return numberedName('scrub/', n);
}
