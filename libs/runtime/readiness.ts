import { DESCRIPTION_OBJECT } from '#libs/repository/description.ts';
import { setTimeout as pause } from 'node:timers/promises';
import type { Readiness } from '#libs/rpc/health.ts';
import type { ObjectStore } from '#libs/store/port.ts';

/** One look serves all who ask meanwhile and shortly after. */
const FRESH_MS = 1_000;
/** A store that does not answer by then is away, however often it would be tried again. */
const ANSWER_MS = 2_000;

export interface Dependencies extends Readiness {
  /** The bus tells it: at first it is there, for without it nothing starts. */
  readonly setConnected: (connected: boolean) => void;
}

/**
 * Bus and store of a process. The bus's connection tells of itself; the store is looked at when somebody asks, and never
 * else. `store` is a way to it of its own: behind large puts under way a look would wait for its turn.
 */
export function dependenciesOn(store: ObjectStore): Dependencies {
  const listeners: (() => void)[] = [];
  let connected = true;
  let asked = Number.NEGATIVE_INFINITY;
  let found: Promise<boolean> = Promise.resolve(false);
  let hangs = false;
  const hasStore = () => {
    if (hangs || performance.now() - asked <= FRESH_MS) return found;
    asked = performance.now();
    hangs = true;
    const answer = lookAt(store).finally(() => (hangs = false));
    found = within(ANSWER_MS, answer, false);
    return found;
  };
  return {
    isReady: async () => connected && (await hasStore()) && connected,
    onChange: (listener) => void listeners.push(listener),
    setConnected(now) {
      connected = now;
      for (const listener of listeners) listener();
    },
  };
}

/** Also a store that is there, and is not, or no more, our repository's, is away. */
async function lookAt(store: ObjectStore): Promise<boolean> {
  const signal = AbortSignal.timeout(ANSWER_MS);
  const description = await store.head(DESCRIPTION_OBJECT, { signal }).catch(() => undefined);
  return description !== undefined;
}

/** A disk that hangs listens to no signal. */
async function within<T>(ms: number, work: Promise<T>, otherwise: T): Promise<T> {
  const over = new AbortController();
  const late = pause(ms, otherwise, { signal: over.signal }).catch(() => otherwise);
  try {
    return await Promise.race([work, late]);
  } finally {
    over.abort();
  }
}
