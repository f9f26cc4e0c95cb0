import { HoldfastError } from '#libs/kernel/errors.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { Random } from '../world/random.ts';
import type { Turns } from './turns.ts';

/** A listing may be as old as so many changes. */
const LATE_MAX = 40;

/** One bucket: what is asked for by its name is as it is, what is listed as it was a while ago. */
export class LateBucket {
  readonly objects = new Map<string, Buffer>();
  readonly #changes: { readonly name: string; readonly bytes: number | undefined }[] = [];
  readonly #random: Random;
  /** Told after a change. */
  onChange: (name: string, bytes: Buffer | undefined) => void = () => {};

  constructor(random: Random) {
    this.#random = random;
  }

  /** As it is, at once. */
  calm(): ObjectStore {
    return this.#through('calm', async (_, operation) => operation(), false);
  }

  /** As `actor` sees it, each operation in its turn. */
  seenBy(actor: string, turns: Turns, { isLate }: { isLate: boolean }): ObjectStore {
    return this.#through(actor, (what, operation) => turns.act(actor, what, async () => operation()), isLate);
  }

  #through(
    actor: string,
    act: <T>(what: string, operation: () => T) => Promise<T>,
    isLate: boolean,
  ): ObjectStore {
    const objects = this.objects;
    const change = (name: string, bytes: Buffer | undefined): void => {
      if (bytes === undefined) objects.delete(name);
      else objects.set(name, bytes);
      this.#changes.push({ name, bytes: bytes?.length });
      this.onChange(name, bytes);
    };
    return {
      name: `sim:${actor}`,
      put: (name, bytes, { createOnly }) =>
        act(`put ${name}`, () => {
          if (createOnly && objects.has(name)) throw new HoldfastError('OBJECT_EXISTS', { object: name });
          change(name, Buffer.from(bytes));
        }),
      get: (name, { range } = {}) =>
        act(`get ${name}`, () => {
          const bytes = objects.get(name);
          if (bytes === undefined) throw new HoldfastError('OBJECT_MISSING', { object: name });
          return Buffer.from(bytes.subarray(range?.start ?? 0, range?.end));
        }),
      head: (name) =>
        act(`head ${name}`, () => {
          const bytes = objects.get(name);
          return bytes === undefined ? undefined : { bytes: bytes.length };
        }),
      list: (prefix, { startAfter = '' } = {}) => {
        const listed = () => this.#listed(isLate ? this.#random.int(LATE_MAX) : 0);
        return (async function* () {
          const all = await act(`list ${prefix}`, listed);
          for (const [name, bytes] of all)
            if (name.startsWith(prefix) && name > startAfter) yield { name, bytes };
        })();
      },
      delete: (name) =>
        act(`delete ${name}`, () => (objects.has(name) ? change(name, undefined) : undefined)),
      retain: (name) => Promise.reject(new HoldfastError('STORE_CANNOT_LOCK', { object: name })),
      retainedUntil: async () => undefined,
      probe: async () => {},
    };
  }

  /** As it was before the last `late` changes. */
  #listed(late: number): readonly (readonly [string, number])[] {
    const seen = new Map<string, number>();
    const known = this.#changes.slice(0, Math.max(0, this.#changes.length - late));
    for (const { name, bytes } of known)
      if (bytes === undefined) seen.delete(name);
      else seen.set(name, bytes);
    return [...seen].toSorted(([a], [b]) => (a < b ? -1 : 1));
  }
}
