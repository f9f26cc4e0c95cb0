import { systemClock, type Clock } from '#libs/kernel/clock.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { ObjectStore } from './port.ts';
import { lockedObject } from './locked-object.ts';
import { requirePrefix, requireName } from './names.ts';

/** The test twin: same contract, nothing survives the process. It locks, by this clock. */
export function memoryStore(clock: Clock = systemClock): ObjectStore {
  const objects = new Map<string, Buffer>();
  const retained = new Map<string, Date>();
  const requireUnlocked = (name: string): void => {
    const until = retained.get(name);
    if (until !== undefined && until.getTime() > clock.now()) throw lockedObject(name, until);
    retained.delete(name);
  };
  const requireObject = (name: string): Buffer => {
    const bytes = objects.get(requireName(name));
    if (bytes === undefined) throw new HoldfastError('OBJECT_MISSING', { object: name });
    return bytes;
  };
  return {
    name: 'memory:',
    async put(name, bytes, { createOnly, signal }) {
      signal?.throwIfAborted();
      requireName(name);
      if (createOnly && objects.has(name)) throw new HoldfastError('OBJECT_EXISTS', { object: name });
      requireUnlocked(name);
      objects.set(name, Buffer.from(bytes));
    },
    async get(name, { range, signal } = {}) {
      signal?.throwIfAborted();
      const bytes = requireObject(name);
      return Buffer.from(range === undefined ? bytes : bytes.subarray(range.start, range.end));
    },
    async head(name, { signal } = {}) {
      signal?.throwIfAborted();
      const bytes = objects.get(requireName(name));
      return bytes === undefined ? undefined : { bytes: bytes.length };
    },
    async *list(prefix, { startAfter = '', signal } = {}) {
      requirePrefix(prefix);
      signal?.throwIfAborted();
      for (const name of [...objects.keys()]
        .filter((key) => key.startsWith(prefix) && key > startAfter)
        .toSorted()) {
        signal?.throwIfAborted();
        const bytes = objects.get(name);
        if (bytes !== undefined) yield { name, bytes: bytes.length };
      }
    },
    async delete(name, { signal } = {}) {
      signal?.throwIfAborted();
      requireUnlocked(requireName(name));
      objects.delete(name);
    },
    async retain(name, until, { signal } = {}) {
      signal?.throwIfAborted();
      requireObject(name);
      const held = retained.get(name);
      if (held === undefined || held < until) retained.set(name, until);
    },
    async retainedUntil(name, { signal } = {}) {
      signal?.throwIfAborted();
      return retained.get(requireName(name));
    },
    probe: () => Promise.resolve(),
  };
}
