import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path/posix';
import { stageFolder, stagedTreePath } from '#libs/contracts/stage.ts';
import type { TreeRecord } from '#libs/contracts/tree-snapshot.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { StreamRef } from '#libs/repository/port.ts';
import { keepingTime, syncFolder, type Attributes } from './attributes.ts';
import { abandonPlaces, discardPlaces } from './discard.ts';
import { isThere, type Disk } from './disk.ts';
import { TOP } from './paths.ts';
import { Placer } from './placer.ts';
import { makeReserve, writePlaceState, type PlaceState } from './place-state.ts';
import type { NamedPlace, StageOptions, StageRequest } from './port.ts';

export interface StageDeps {
  readonly disk: Disk;
  readonly read: (ref: StreamRef, options: { signal: AbortSignal }) => AsyncIterable<Uint8Array>;
}

/** Makes every place, fills them in the order of the listing, and only then calls each staged. */
export async function stageTrees(
  { stage, places: wanted, listing }: StageRequest,
  { signal, onProgress, requireLatest }: StageOptions,
  { read, disk }: StageDeps,
): Promise<readonly NamedPlace[]> {
  // Absent then and absent now: there is nothing to switch.
  const there = await Promise.all(wanted.map(async (place) => !place.absent || (await isThere(place.path))));
  const places = wanted.filter((_, index) => there[index]);
  // What an earlier worker made is gone before this one begins.
  const onEntry = (): void => onProgress(0);
  const created = await discardPlaces(places, stage, { disk, signal, onEntry, keepFolders: true });
  const states = new Map<string, PlaceState>();
  for (const place of places) states.set(place.name, await makePlace(place, stage, created));
  // Only now: whoever claims later finds these places, or was there before them and is found here.
  await requireLatest().catch(async (error: unknown) => {
    const made = [...states.values()].flatMap((state) => state.created);
    await abandonPlaces(places, stage, { made, onEntry });
    throw error;
  });
  let written = 0;
  const onBytes = (bytes: number): void => onProgress((written += bytes));
  const tops = await fill({ places, stage, listing }, (ref) => read(ref, { signal }), onBytes, signal);
  for (const place of places) {
    const after = tops.get(place.name) ?? null;
    if (after === null && !place.absent)
      throw new HoldfastError('SNAPSHOT_DAMAGED', { root: place.name, reason: 'its listing has no records' });
    await writePlaceState(place, stage, { ...states.get(place.name)!, phase: 'staged', after });
  }
  return places;
}

/** Returns what each root itself is to have. */
async function fill(
  { places, stage, listing }: StageRequest,
  read: (ref: StreamRef) => AsyncIterable<Uint8Array>,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Attributes>> {
  const byName = new Map(places.map((place) => [place.name, place]));
  const tops = new Map<string, Attributes>();
  let current: { root: string; placer: Placer } | undefined;
  try {
    for await (const record of listing) {
      signal.throwIfAborted();
      if (record.root !== current?.root) {
        await current?.placer.end();
        const place = requirePlace(byName, record, tops);
        current = { root: record.root, placer: new Placer(stagedTreePath(place, stage), { read, onBytes }) };
        const { mode, uid, gid, mtimeNs } = record;
        tops.set(record.root, { mode, uid, gid, mtimeNs });
      }
      await current.placer.add(record);
      onBytes(0);
    }
    await current?.placer.end();
  } finally {
    await current?.placer.settled();
  }
  return tops;
}

function requirePlace(
  byName: ReadonlyMap<string, NamedPlace>,
  record: TreeRecord,
  done: ReadonlyMap<string, Attributes>,
): NamedPlace {
  const place = byName.get(record.root);
  if (place === undefined)
    throw new HoldfastError('ROOT_MISSING', { root: record.root, reason: 'the spec declares no such root' });
  const kind = place.single ? 'file' : 'folder';
  if (record.path !== TOP || record.kind !== kind || done.has(record.root))
    throw new HoldfastError('SNAPSHOT_DAMAGED', {
      root: record.root,
      reason: 'its records do not begin with it',
    });
  return place;
}

/** The place's folder with its first state; folders above it are made when they are missing, and remembered. */
async function makePlace(
  place: NamedPlace,
  stage: string,
  inherited: readonly string[],
): Promise<PlaceState> {
  const holder = place.single ? dirname(place.path) : place.path;
  const made = await makeFolders(holder, place.single ? 0o755 : 0o700);
  const created = [...inherited.filter((path) => holder === path || holder.startsWith(`${path}/`)), ...made];
  const folder = stageFolder(place, stage);
  // One call: another service that shares the folder may be removing its own place, and the folder with it.
  await keepingTime(holder, () => mkdir(folder, { recursive: true, mode: 0o700 }));
  const state: PlaceState = {
    phase: 'staging',
    filledAs: stage,
    created,
    after: null,
    before: null,
    folder: null,
  };
  await writePlaceState(place, stage, state);
  await makeReserve(place, stage);
  if (place.single) await mkdir(`${folder}/new`, { mode: 0o700 });
  await syncFolder(dirname(folder));
  return state;
}

/** Makes the missing part of a path; returns the folders it made, outermost first. */
async function makeFolders(path: string, mode: number): Promise<string[]> {
  const missing: string[] = [];
  for (let at = path; !(await isThere(at)); at = dirname(at)) missing.unshift(at);
  for (const folder of missing) {
    await mkdir(folder, { mode: folder === path ? mode : 0o755 });
    await syncFolder(dirname(folder));
  }
  return missing;
}
