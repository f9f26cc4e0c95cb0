import { HoldfastError } from '#libs/kernel/errors.ts';
import { jsonIfAny } from '#libs/kernel/json.ts';
import { memoryStore } from '#libs/store/memory.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { seededOrder } from '../pivot/seeded.ts';

/** Every kind of object that the store of a repository holds, by its name. */
export const CLASSES = {
  description: /^holdfast\.json$/,
  slot: /^keys\/\d/,
  recipients: /^keys\/recipients\//,
  index: /^index\//,
  pack: /^packs\//,
  snapshot: /^snapshots\//,
  manifest: /^backups\//,
  spec: /\/spec\//,
  log: /\/log\//,
  about: /^about\//,
} as const;
export type ObjectClass = keyof typeof CLASSES;

export const HARMS = ['missing', 'empty', 'truncated', 'replaced', 'bit'] as const;
export type Harm = (typeof HARMS)[number];

export interface Harmed {
  readonly name: string;
  /** Undefined: it is gone. */
  readonly bytes: Buffer | undefined;
}

/** One object of the class, harmed so; replaced by another one of its class, of this store or of the other one. */
export async function drawHarm(
  random: ReturnType<typeof seededOrder>,
  { store, other, what, how }: { store: ObjectStore; other: ObjectStore; what: ObjectClass; how: Harm },
): Promise<Harmed> {
  const all = await objectsOf(store, what);
  const [name, bytes] = random.pick([...all].filter(([each]) => how !== 'bit' || !isLastOfLog(each, all)));
  switch (how) {
    case 'missing':
      return { name, bytes: undefined };
    case 'empty':
      return { name, bytes: Buffer.alloc(0) };
    case 'truncated':
      return { name, bytes: bytes.subarray(0, Math.floor(random.fraction() * bytes.length)) };
    case 'replaced': {
      const others = [...all.values(), ...(await objectsOf(other, what)).values()];
      return { name, bytes: random.pick(others.filter((each) => !each.equals(bytes))) };
    }
    case 'bit':
      return { name, bytes: withBitFlipped(random, bytes) };
    default:
      throw how satisfies never;
  }
}

/** One bit of what lies between the two places, or of all. */
export function withBitFlipped(
  random: ReturnType<typeof seededOrder>,
  bytes: Buffer,
  { start, end } = { start: 0, end: bytes.length },
): Buffer {
  const flipped = Buffer.from(bytes);
  const bit = Math.floor(random.fraction() * (end - start) * 8);
  flipped[start + (bit >> 3)]! ^= 1 << (bit & 7);
  return flipped;
}

/** No entry follows it that holds its digest: what a flipped bit makes of it is believed. */
function isLastOfLog(name: string, all: ReadonlyMap<string, Buffer>): boolean {
  const folder = name.slice(0, name.lastIndexOf('/') + 1);
  return CLASSES.log.test(name) && ![...all.keys()].some((each) => each.startsWith(folder) && each > name);
}

/** Only white space around it is another one. */
export function saysTheSame(one: Buffer, other: Buffer | undefined): boolean {
  const [left, right] = [one, other].map((bytes) => bytes && jsonIfAny(bytes));
  return left !== undefined && JSON.stringify(left) === JSON.stringify(right);
}

/** The store as it is with this object harmed; the one below stays whole. */
export function withHarm(store: ObjectStore, { name: harmed, bytes }: Harmed): ObjectStore {
  return {
    ...store,
    get(name, options = {}) {
      if (name !== harmed) return store.get(name, options);
      if (bytes === undefined) return Promise.reject(new HoldfastError('OBJECT_MISSING', { object: name }));
      return Promise.resolve(Buffer.from(bytes.subarray(options.range?.start ?? 0, options.range?.end)));
    },
    head(name, options) {
      if (name !== harmed) return store.head(name, options);
      return Promise.resolve(bytes && { bytes: bytes.length });
    },
    async *list(prefix, options) {
      for await (const object of store.list(prefix, options))
        if (object.name !== harmed) yield object;
        else if (bytes !== undefined) yield { name: object.name, bytes: bytes.length };
    },
  };
}

/** What lies there, in a store of its own. */
export async function copyOf(store: ObjectStore): Promise<ObjectStore> {
  const copy = memoryStore();
  for await (const { name } of store.list(''))
    await copy.put(name, await store.get(name), { createOnly: true });
  return copy;
}

/** For good: the store itself is harmed. */
export async function harm(store: ObjectStore, harms: Iterable<Harmed>): Promise<void> {
  for (const { name, bytes } of harms)
    if (bytes === undefined) await store.delete(name);
    else await store.put(name, bytes, { createOnly: false });
}

async function objectsOf(store: ObjectStore, what: ObjectClass): Promise<ReadonlyMap<string, Buffer>> {
  const found = new Map<string, Buffer>();
  for await (const { name } of store.list(''))
    if (CLASSES[what].test(name)) found.set(name, await store.get(name));
  return found;
}
