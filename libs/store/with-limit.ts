import pLimit from 'p-limit';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { ObjectStore } from './port.ts';
import { probeCreateOnly } from './probe.ts';

export interface LimitOptions {
  readonly inFlightMax: number;
  /** Told how many may be under way, each time that changes. */
  readonly onAllowed?: ((inFlight: number) => void) | undefined;
}

/**
 * At most `inFlightMax` requests at once. The limit falls by half when the store asks to slow down, once for all that
 * were under way by then, and rises by one after as many successes as it allows at once.
 */
export function withLimit(inner: ObjectStore, options: LimitOptions): ObjectStore {
  const limited = adaptiveLimit(options);
  const store: ObjectStore = {
    name: inner.name,
    put: (name, bytes, how) => limited(() => inner.put(name, bytes, how)),
    get: (name, how) => limited(() => inner.get(name, how)),
    head: (name, how) => limited(() => inner.head(name, how)),
    delete: (name, how) => limited(() => inner.delete(name, how)),
    retain: (name, until, how) => limited(() => inner.retain(name, until, how)),
    retainedUntil: (name, how) => limited(() => inner.retainedUntil(name, how)),
    // Each step waits for its turn, not the whole listing: its reader may send requests of its own between two names.
    async *list(prefix, how) {
      const names = inner.list(prefix, how)[Symbol.asyncIterator]();
      for (;;) {
        const next = await limited(() => names.next());
        if (next.done === true) return;
        yield next.value;
      }
    },
    probe: (how) => probeCreateOnly(store, how),
  };
  return store;
}

function adaptiveLimit({
  inFlightMax,
  onAllowed,
}: LimitOptions): <T>(request: () => Promise<T>) => Promise<T> {
  const limit = pLimit(inFlightMax);
  let allowed = inFlightMax;
  let falls = 0;
  const allow = (count: number) => {
    allowed = Math.min(inFlightMax, Math.max(1, count));
    const whole = Math.floor(allowed);
    if (whole === limit.concurrency) return;
    limit.concurrency = whole;
    onAllowed?.(whole);
  };
  return (request) =>
    limit(async () => {
      const fallsBefore = falls;
      try {
        const result = await request();
        allow(allowed + 1 / allowed);
        return result;
      } catch (error) {
        if (error instanceof HoldfastError && error.code === 'STORE_THROTTLED' && fallsBefore === falls) {
          falls += 1;
          allow(allowed / 2);
        }
        throw error;
      }
    });
}
