import { HoldfastError } from '#libs/kernel/errors.ts';
import type { ObjectStore } from './port.ts';
import { requirePrefix, requireName } from './names.ts';

/** The test twin: same contract, nothing survives the process. */
export function memoryStore(): ObjectStore {
  const objects = new Map<string, Buffer>();
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
      objects.delete(requireName(name));
    },
    probe: () => Promise.resolve(),
  };
}
