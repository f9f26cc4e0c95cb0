import { HoldfastError } from '#libs/kernel/errors.ts';
import { findBytes, putFirst, signalOption } from '#libs/store/objects.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { openSegment, replacedSection, sealSegments, type IndexSegment } from './index-object.ts';
import type { RepositoryKeys } from './keys.ts';

/** So many of one class make one of the next. */
const MERGE_AT = 8;
/**
 * Each class is below its size as stored; what is larger stays as it is. Digests do not shrink, so that eight of the
 * last class are less than 23 MiB plain.
 */
const CLASS_BYTES = [32, 256, 2048].map((kib) => kib * 1024);

interface Parts {
  readonly store: ObjectStore;
  readonly keys: RepositoryKeys;
}

export interface Listed {
  readonly name: string;
  readonly bytes: number;
}

/**
 * Many small index objects become few. An index object is deleted only by one whose own, with all its packs, is
 * durable: whoever dies, races or works from a stale listing leaves every pack in some index object. `replaced` are
 * those that another one is known to hold: left by a merger that died, or in a store that refuses to delete.
 */
export async function mergeSegments(
  parts: Parts,
  { listed, replaced }: { listed: readonly Listed[]; replaced: ReadonlySet<string> },
  signal: AbortSignal,
): Promise<void> {
  const left = listed.filter(({ name }) => replaced.has(name)).map(({ name }) => name);
  await deleteWhileAllowed(parts.store, left, signal);
  const live = listed.filter(({ name }) => !replaced.has(name));
  const isListed = new Set(listed.map(({ name }) => name));
  for (const size of CLASS_BYTES) {
    const small = live.filter(({ bytes }) => bytes < size);
    while (small.length >= MERGE_AT) {
      const taken = small.splice(0, MERGE_AT);
      for (const segment of taken) live.splice(live.indexOf(segment), 1);
      live.push(...(await mergeOnce(parts, { taken, isListed }, signal)));
    }
  }
}

/** Index objects that name any of these packs, which are gone for good, are written again without them. */
export async function rewriteWithout(
  parts: Parts,
  { listed, packs }: { listed: readonly Listed[]; packs: ReadonlySet<string> },
  signal: AbortSignal,
): Promise<void> {
  const isListed = new Set(listed.map(({ name }) => name));
  for (const { name } of listed) {
    const segment = (await readSegments(parts, [{ name }], signal)).get(name);
    if (segment?.packs.some((section) => packs.has(section.name.toString('hex'))) !== true) continue;
    await writeInstead(parts, { segments: new Map([[name, segment]]), isListed, without: packs }, signal);
  }
}

/** What cannot be read is left where it is. */
async function mergeOnce(
  parts: Parts,
  { taken, isListed }: { taken: readonly Listed[]; isListed: ReadonlySet<string> },
  signal: AbortSignal,
): Promise<readonly Listed[]> {
  const segments = await readSegments(parts, taken, signal);
  if (segments.size < 2) return [];
  return await writeInstead(parts, { segments, isListed, without: new Set() }, signal);
}

async function readSegments(
  { store, keys }: Parts,
  taken: readonly { readonly name: string }[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, IndexSegment>> {
  const segments = new Map<string, IndexSegment>();
  for (const { name } of taken) {
    const sealed = await findBytes(store, name, { signal });
    const segment = sealed && openSegment(keys, name, sealed);
    if (segment !== undefined) segments.set(name, segment);
  }
  return segments;
}

interface Rewrite {
  readonly segments: ReadonlyMap<string, IndexSegment>;
  readonly isListed: ReadonlySet<string>;
  /** Packs that are told no more. */
  readonly without: ReadonlySet<string>;
}

/** Durable before the first delete. */
async function writeInstead(
  { store, keys }: Parts,
  rewrite: Rewrite,
  signal: AbortSignal,
): Promise<readonly Listed[]> {
  const made: Listed[] = [];
  for (const { name, bytes } of sealSegments(keys, mergedSections(rewrite))) {
    await putFirst(store, name, bytes, signal);
    made.push({ name, bytes: bytes.length });
  }
  await deleteWhileAllowed(store, rewrite.segments.keys(), signal);
  return made;
}

/** What was replaced before is told again only while it is there. */
function* mergedSections({ segments, isListed, without }: Rewrite): Iterable<Buffer> {
  const packs = new Set(without);
  for (const { packs: sections } of segments.values())
    for (const { name, bytes } of sections) {
      const pack = name.toString('hex');
      if (!packs.has(pack)) yield bytes;
      packs.add(pack);
    }
  const replaced = new Set(segments.keys());
  for (const { replaces } of segments.values())
    for (const name of replaces) if (isListed.has(name)) replaced.add(name);
  for (const name of replaced) yield replacedSection(name);
}

/** A locked bucket keeps them all: asked once, not for each. */
async function deleteWhileAllowed(
  store: ObjectStore,
  names: Iterable<string>,
  signal: AbortSignal,
): Promise<void> {
  try {
    for (const name of names) await store.delete(name, signalOption(signal));
  } catch (error) {
    if (HoldfastError.from(error).code !== 'STORE_REFUSED') throw error;
  }
}
