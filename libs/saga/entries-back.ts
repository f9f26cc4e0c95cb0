import { HoldfastError } from '#libs/kernel/errors.ts';
import { sha256 } from '#libs/kernel/ids.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { entryName, parseEntry, type ChainEntry } from './chain.ts';

/** A reader that wants one entry has a few more fetched, and one that wants many does not wait for each. */
const BATCH = { first: 4, most: 16 };

/**
 * The entries of a chain before number `before`, from there to the first; each is proved by the one after it. `recent`
 * are entries that are known already, in a row. Throws JOURNAL_BROKEN.
 */
export async function* entriesBack<E>(
  place: { readonly store: ObjectStore; readonly prefix: string; readonly before: number },
  recent: readonly ChainEntry<E>[],
): AsyncIterable<ChainEntry<E>> {
  const { store, prefix, before } = place;
  const firstKnown = recent[0]?.n ?? before;
  const known = recent.filter(({ n }) => n < before).toReversed();
  yield* known;
  let digest = known.at(-1)?.previous;
  let end = Math.min(before, firstKnown);
  for (let size = BATCH.first; end > 0; size = Math.min(size * 2, BATCH.most)) {
    const numbers = Array.from({ length: Math.min(size, end) }, (_, index) => end - 1 - index);
    end -= numbers.length;
    const read = await Promise.all(numbers.map((n) => store.get(entryName(prefix, n))));
    for (const [index, bytes] of read.entries()) {
      const name = entryName(prefix, numbers[index]!);
      const entry = parseEntry<E>(bytes, name);
      if (entry.n !== numbers[index] || (digest !== undefined && sha256(bytes) !== digest))
        throw new HoldfastError('JOURNAL_BROKEN', { object: name });
      digest = entry.previous;
      yield entry;
    }
  }
}
