import { HoldfastError } from '#libs/kernel/errors.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { ChunkIndex, ListedPack } from '../chunk-index.ts';
import type { RepositoryKeys } from '../keys.ts';
import { packObject } from '../pack.ts';
import type { CondemnedList, CondemnedLists } from './lists.ts';
import { readNeeds, type Needs, type NeedsParts } from './needs.ts';
import { planCleaning, type CleaningPlan, type PackFacts } from './plan.ts';
import type { CleaningOptions, CleaningReport, CleaningWorld, DeploymentView } from './port.ts';
import { repack } from './repack.ts';

export interface CleanParts extends NeedsParts {
  readonly store: ObjectStore;
  readonly keys: RepositoryKeys;
  readonly index: ChunkIndex;
  readonly lists: CondemnedLists;
}

const PACK_PATTERN = /^packs\/..\/([0-9a-f]{64})$/;

/**
 * One cleaning (FORMAT.md#cleaning): deletes what was condemned before and has nobody left to wait for; writes again what
 * is needed of packs that are mostly waste or of an old key; condemns what nothing needs any more. Backups go on beside
 * it; any number of cleanings may run at once and end anywhere. Throws CLEANING_UNSAFE, MANIFEST_DAMAGED, and
 * OBJECT_EXISTS when another one was faster: then nothing is lost but its turn.
 */
export async function cleanRepository(
  parts: CleanParts,
  world: CleaningWorld,
  { signal, progress, repackBytesMax }: CleaningOptions,
): Promise<CleaningReport> {
  const before = await world.look();
  const list = await parts.lists.newest(signal);
  requireKnown(list, before);
  await parts.index.merge(signal);
  const objects = await listObjects(parts.store, signal);
  await parts.index.cover(await packsToKnow(parts, { objects, list }, signal), signal);
  let read = 0;
  const { views, needs } = await readNeeds(
    parts,
    {
      // Once more: whoever came while it was listed must not look like waste.
      look: () => world.look(),
      snapshots: [...objects.keys()].filter((name) => name.startsWith('snapshots/')),
      condemnedPacks: packsIn(list.condemned.keys()),
      onRead: () => progress({ bytes: (read += 1), bytesTotal: 0, activity: 'reading what backups need' }),
    },
    signal,
  );
  const swept = await sweep(parts, { list, views, needs }, signal);
  const isWriting = [...before, ...views].some((view) => view.isWriting);
  const facts = packFacts(parts, { objects, list, views, needs, isWriting });
  const plan = planCleaning(facts, { newestEpoch: parts.keys.epoch, repackBytesMax });
  const written = await writeAgain(parts, { plan, needs, progress }, signal);
  const fresh = [
    ...plan.dead.map(packObject),
    ...written.done.map(packObject),
    ...[...needs.leftSnapshots.keys(), ...prunedManifests(views)].filter((name) => objects.has(name)),
  ].filter((name) => !list.condemned.has(name));
  const n = await condemn(parts, { list, swept, fresh }, signal);
  await world.mark(n);
  const resealed = plan.repack.filter(({ name, isResealed }) => isResealed && written.done.includes(name));
  return {
    list: n,
    deleted: swept.deleted.length,
    deletedBytes: swept.deleted.reduce((sum, name) => sum + (objects.get(name) ?? 0), 0),
    condemned: fresh.length,
    repackedPacks: written.done.length - resealed.length,
    resealedPacks: resealed.length,
    repackedBytes: written.bytes,
    refused: swept.refused,
    waiting: list.condemned.size + fresh.length - swept.deleted.length,
  };
}

/** A log that knows of a list which is not there: what that one condemned is unknown, and must not be relied on. */
function requireKnown(list: CondemnedList, views: readonly DeploymentView[]): void {
  const ahead = views.find((view) => view.isSettled(list.n + 1));
  if (ahead === undefined) return;
  const reason = `the log of ${ahead.deployment} knows of a newer one than list ${list.n}`;
  throw new HoldfastError('CLEANING_UNSAFE', { object: `condemned/${list.n + 1}`, reason });
}

async function listObjects(store: ObjectStore, signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
  const objects = new Map<string, number>();
  for (const prefix of ['packs/', 'snapshots/', 'backups/'])
    for await (const { name, bytes } of store.list(prefix, { signal })) objects.set(name, bytes);
  return objects;
}

/** Of each pack that may be condemned or deleted it must be known what it holds, whatever is not listed yet. */
async function packsToKnow(
  { store }: CleanParts,
  { objects, list }: { objects: ReadonlyMap<string, number>; list: CondemnedList },
  signal: AbortSignal,
): Promise<readonly ListedPack[]> {
  const known = new Map([...objects].filter(([name]) => PACK_PATTERN.test(name)));
  for (const name of list.condemned.keys()) {
    if (!PACK_PATTERN.test(name) || known.has(name)) continue;
    const head = await store.head(name, { signal });
    if (head !== undefined) known.set(name, head.bytes);
  }
  return [...known].map(([name, bytes]) => ({ pack: PACK_PATTERN.exec(name)![1]!, bytes }));
}

function packsIn(names: Iterable<string>): ReadonlySet<string> {
  return new Set([...names].flatMap((name) => PACK_PATTERN.exec(name)?.[1] ?? []));
}

interface Swept {
  readonly deleted: readonly string[];
  readonly refused: number;
}

/** Manifests first, then snapshots, then packs: what is left of a sweep that was stopped is never named by a manifest. */
async function sweep(
  { store, index }: CleanParts,
  about: { list: CondemnedList; views: readonly DeploymentView[]; needs: Needs },
  signal: AbortSignal,
): Promise<Swept> {
  const { list, views, needs } = about;
  const settled = (since: number) => views.every((view) => view.isSettled(since));
  const needed = new Set([...needs.objects, ...[...needs.places.packs].map(packObject)]);
  const due = [...list.condemned].filter(([name, since]) => !needed.has(name) && settled(since));
  const deleted: string[] = [];
  let refused = 0;
  for (const prefix of ['backups/', 'snapshots/', 'packs/'])
    for (const [name] of due.filter((each) => each[0].startsWith(prefix)))
      if (await isDeleted(store, name, signal)) deleted.push(name);
      else refused += 1;
  const packs = packsIn(deleted);
  if (packs.size > 0) await index.drop(packs, signal);
  return { deleted, refused };
}

/** A locked bucket keeps it: the next cleaning asks again. */
async function isDeleted(store: ObjectStore, name: string, signal: AbortSignal): Promise<boolean> {
  try {
    await store.delete(name, { signal });
    return true;
  } catch (thrown) {
    if (HoldfastError.from(thrown).code !== 'STORE_REFUSED') throw thrown;
    return false;
  }
}

function packFacts(
  { index }: CleanParts,
  about: {
    objects: ReadonlyMap<string, number>;
    list: CondemnedList;
    views: readonly DeploymentView[];
    needs: Needs;
    isWriting: boolean;
  },
): readonly PackFacts[] {
  const { objects, list, views, needs, isWriting } = about;
  const usage = index.places.usage((place) => needs.places.has(place));
  const cited = new Set([...needs.leftSnapshots.values()].flat());
  for (const { backups } of views)
    for (const { snapshots } of backups)
      for (const { packs } of snapshots) for (const pack of packs) cited.add(pack);
  return [...packsIn(objects.keys())].map((name) => {
    const { epoch, bytes, neededBytes } = usage.get(name) ?? { epoch: 0, bytes: 0, neededBytes: 0 };
    const mayHoldMissing = epoch === 0 && needs.places.missing > 0;
    const mayGo = (cited.has(name) || !isWriting) && !mayHoldMissing;
    return { name, epoch, bytes, neededBytes, isCondemned: list.condemned.has(packObject(name)), mayGo };
  });
}

async function writeAgain(
  parts: CleanParts,
  { plan, needs, progress }: { plan: CleaningPlan; needs: Needs; progress: CleaningOptions['progress'] },
  signal: AbortSignal,
): Promise<{ readonly done: readonly string[]; readonly bytes: number }> {
  if (plan.repack.length === 0) return { done: [], bytes: 0 };
  const bytesTotal = plan.repack.reduce((sum, { neededBytes }) => sum + neededBytes, 0);
  let bytes = 0;
  return await repack(
    parts,
    {
      packs: plan.repack.map(({ name }) => name),
      isNeeded: async (pack, id) =>
        (await parts.index.placesOf(id)).some(
          (place) => needs.places.has(place) && parts.index.places.packAt(place).pack === pack,
        ),
      onBytes: (more) => progress({ bytes: (bytes += more), bytesTotal, activity: 'writing packs again' }),
    },
    signal,
  );
}

function prunedManifests(views: readonly DeploymentView[]): readonly string[] {
  return views.flatMap(({ deployment, pruned }) => pruned.map((id) => `backups/${deployment}/${id}.json`));
}

/** The number of the list that is the newest then. */
async function condemn(
  { lists }: CleanParts,
  { list, swept, fresh }: { list: CondemnedList; swept: Swept; fresh: readonly string[] },
  signal: AbortSignal,
): Promise<number> {
  if (fresh.length === 0 && swept.deleted.length === 0) return list.n;
  const n = list.n + 1;
  const condemned = new Map(list.condemned);
  for (const name of swept.deleted) condemned.delete(name);
  for (const name of fresh) condemned.set(name, n);
  await lists.append({ n, condemned }, swept.deleted, signal);
  return n;
}
