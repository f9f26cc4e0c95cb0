import { setImmediate as turn } from 'node:timers/promises';
import type { ObjectStore } from '#libs/store/port.ts';

const BYTES_PER_TURN = 256;

/** What a process that was killed sees of its own end. */
export class Killed extends Error {}

export interface Death {
  /** Number of the operation, from 0. */
  readonly at: number;
  readonly when: 'before' | 'after';
}

/** The store of a process that dies right before or after one operation; nothing that it asks for later happens. */
export function dyingStore(
  store: ObjectStore,
  death: Death | undefined,
): ObjectStore & { readonly operations: () => number } {
  let count = 0;
  let isDead = false;
  const act = async <T>(operation: () => Promise<T>, bytes = 0): Promise<T> => {
    const n = count;
    count += 1;
    if (n === death?.at && death.when === 'before') isDead = true;
    // Bytes take their time: what nobody waited for is still on its way when the process ends, and never arrives.
    for (let turns = 0; turns <= bytes / BYTES_PER_TURN && !isDead; turns += 1) await turn();
    if (isDead) throw new Killed();
    try {
      return await operation();
    } finally {
      if (n === death?.at) isDead = true;
      // oxlint-disable-next-line no-unsafe-finally -- whoever is dead hears of no answer, nor of a failure
      if (isDead) throw new Killed();
    }
  };
  return {
    ...store,
    put: (name, bytes, options) => act(() => store.put(name, bytes, options), bytes.length),
    get: (...words) => act(() => store.get(...words)),
    head: (...words) => act(() => store.head(...words)),
    delete: (...words) => act(() => store.delete(...words)),
    async *list(...words) {
      yield* await act(() => Array.fromAsync(store.list(...words)));
    },
    operations: () => count,
  };
}
