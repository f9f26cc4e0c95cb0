import { signalOption } from '#libs/store/objects.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { ChunkIndex } from './chunk-index.ts';
import { packObject } from './pack.ts';

/**
 * What was read of packs that are all there. What an index or a listing says of a pack may be old: each one that is relied
 * on is asked for by its name, and while one is gone it is forgotten and everything read again.
 */
export async function readWhileThere<T extends { readonly packs: ReadonlySet<string> }>(
  { store, index }: { readonly store: ObjectStore; readonly index: ChunkIndex },
  read: () => Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  const there = new Set<string>();
  for (;;) {
    const found = await read();
    let isGone = false;
    for (const pack of found.packs.difference(there)) {
      if ((await store.head(packObject(pack), signalOption(signal))) !== undefined) there.add(pack);
      else {
        index.forget(pack);
        isGone = true;
      }
    }
    if (!isGone) return found;
  }
}
