import { setTimeout as pause } from 'node:timers/promises';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { ObjectStore } from './port.ts';
import { probeCreateOnly } from './probe.ts';

export interface RetryOptions {
  /** One try more than pauses. Each pause is drawn from its upper half, lest all come back at once. */
  readonly pausesMs: readonly number[];
  readonly random?: () => number;
}

/** A store that asks for more is one that is away: whoever waits for it tells so. */
const RETRY_AFTER_MAX_MS = 30_000;

/** Tries transient failures again, not before the store says that it is worth it. A listing goes on after the last name it gave. */
export function withRetry(inner: ObjectStore, options: RetryOptions): ObjectStore {
  const retry = <T>(signal: AbortSignal | undefined, attempt: Attempt<T>) =>
    retryTransient(options, signal, attempt);
  const store: ObjectStore = {
    name: inner.name,
    put: (name, bytes, how) =>
      retry(how.signal, async (earlierFailures) => {
        try {
          await inner.put(name, bytes, how);
        } catch (error) {
          // An earlier try may have arrived without our hearing of it: then the object it meets is its own.
          const lost = error instanceof HoldfastError && error.code === 'OBJECT_EXISTS';
          if (!lost || earlierFailures === 0) throw error;
          const stored = await inner.get(name, how.signal && { signal: how.signal });
          if (!stored.equals(bytes)) throw error;
        }
      }),
    get: (name, how) => retry(how?.signal, () => inner.get(name, how)),
    head: (name, how) => retry(how?.signal, () => inner.head(name, how)),
    delete: (name, how) => retry(how?.signal, () => inner.delete(name, how)),
    retain: (name, until, how) => retry(how?.signal, () => inner.retain(name, until, how)),
    retainedUntil: (name, how) => retry(how?.signal, () => inner.retainedUntil(name, how)),
    async *list(prefix, { startAfter = '', signal } = {}) {
      let after = startAfter;
      const open = () =>
        inner.list(prefix, { startAfter: after, ...(signal && { signal }) })[Symbol.asyncIterator]();
      let names = open();
      for (;;) {
        const next = await retry(signal, async (earlierFailures) => {
          if (earlierFailures > 0) names = open();
          return await names.next();
        });
        if (next.done === true) return;
        after = next.value.name;
        yield next.value;
      }
    },
    probe: (how) => probeCreateOnly(store, how),
  };
  return store;
}

type Attempt<T> = (earlierFailures: number) => Promise<T>;

async function retryTransient<T>(
  { pausesMs, random = Math.random }: RetryOptions,
  signal: AbortSignal | undefined,
  attempt: Attempt<T>,
): Promise<T> {
  for (let failures = 0; ; failures += 1) {
    try {
      return await attempt(failures);
    } catch (error) {
      signal?.throwIfAborted();
      const pauseMs = pausesMs[failures];
      if (pauseMs === undefined || !isTransient(error)) throw error;
      const drawnMs = pauseMs * (0.5 + random() / 2);
      await pause(Math.max(drawnMs, askedMs(error)), undefined, signal && { signal });
    }
  }
}

/** What the store asks for, within reason. */
function askedMs(error: unknown): number {
  const asked = error instanceof HoldfastError ? error.details['retryAfterMs'] : undefined;
  return typeof asked === 'number' ? Math.min(asked, RETRY_AFTER_MAX_MS) : 0;
}

function isTransient(error: unknown): boolean {
  return error instanceof HoldfastError && error.entry.retry === 'transient';
}
