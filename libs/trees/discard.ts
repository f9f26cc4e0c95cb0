import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path/posix';
import { OWN_FOLDER, stageFolder, stagePrefix, type StagePlace } from '#libs/contracts/stage.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { keepingTime, syncFolder } from './attributes.ts';
import { isGone, isThere } from './disk.ts';
import type { Moving } from './pivot-folder.ts';
import { undoPlace } from './pivot.ts';
import { lockPlaces } from './place-lock.ts';
import { findPlaceState, STATE_FILE, type PlaceState } from './place-state.ts';
import { removeIfEmpty, removeTree } from './remove-tree.ts';

export interface DiscardingOptions extends Moving {
  readonly keepFolders: boolean;
  /** Before each entry that is removed: a large place takes long. */
  readonly onEntry: () => void;
}

/**
 * Removes the run's places of these roots, all attempts, but never those whose switch is complete in every root: their
 * old state is kept. Returns the folders that staging had made; they are removed too when they are empty, unless they
 * are to be kept.
 */
export async function discardPlaces(
  places: readonly StagePlace[],
  runId: string,
  { keepFolders, onEntry, ...moving }: DiscardingOptions,
): Promise<string[]> {
  const created = new Set<string>();
  const stages = (await Promise.all(places.map((place) => stagesOf(place, runId)))).flat();
  for (const stage of new Set(stages)) {
    await using _locks = await lockPlaces(places, stage, moving.signal);
    const staged = await placesOf(places, stage);
    if (staged.every(({ state }) => state?.phase === 'done')) continue;
    // The live state of every root is whole before anything is removed.
    for (const { place, state } of staged.toReversed())
      if (state !== undefined && state.phase !== 'staging') await undoPlace(place, stage, moving);
    for (const { place, state } of staged) {
      for (const path of state?.created ?? []) created.add(path);
      await removePlace(place, stage, () => {
        moving.signal.throwIfAborted();
        onEntry();
      });
    }
  }
  for (const place of places) await removeOwnFolder(place);
  const innermostFirst = [...created].toSorted((a, b) => b.length - a.length);
  if (!keepFolders) for (const folder of innermostFirst) await removeIfEmpty(folder);
  return innermostFirst.toReversed();
}

/** Removes places whose switch is complete, forward or back. Throws STAGE_GONE for one that stopped half-way. */
export async function releasePlaces(
  places: readonly StagePlace[],
  stage: string,
  onEntry: () => void,
): Promise<string[]> {
  const there = await placesOf(places, stage);
  for (const { place, state } of there)
    if (state !== undefined && state.phase !== 'done' && state.phase !== 'undone')
      throw new HoldfastError('STAGE_GONE', { path: place.path, stage, reason: `it is ${state.phase}` });
  for (const { place } of there) await removePlace(place, stage, onEntry);
  for (const place of places) await removeOwnFolder(place);
  return there.map(({ place }) => place.path);
}

/** Throws STAGE_GONE when a newer attempt has a place there: then this worker was taken over. */
export async function requireNewest(place: StagePlace, stage: string): Promise<void> {
  const [runId, epoch, attempt] = stage.split('.') as [string, string, string];
  for (const other of await stagesOf(place, runId)) {
    const [, otherEpoch, otherAttempt] = other.split('.') as [string, string, string];
    const newer =
      Number(otherEpoch) > Number(epoch) || (otherEpoch === epoch && Number(otherAttempt) > Number(attempt));
    if (newer) throw new HoldfastError('STAGE_GONE', { path: place.path, stage, takenOverBy: other });
  }
}

/** Stage names of a run's places of one root; another root may have places in the same folder. */
async function stagesOf(place: StagePlace, runId: string): Promise<string[]> {
  const suffix = place.single ? `.${basename(place.path)}` : '';
  const names = await readdir(ownFolderOf(place)).catch((error: unknown) => {
    if (isGone(error)) return [];
    throw error;
  });
  return names
    .filter((name) => name.startsWith(stagePrefix(runId)) && name.endsWith(suffix))
    .map((name) => name.slice(0, name.length - suffix.length))
    .filter((stage) => /^[0-9a-f]+\.\d+\.\d+$/.test(stage));
}

interface StagedPlace {
  readonly place: StagePlace;
  readonly state: PlaceState | undefined;
}

async function placesOf(places: readonly StagePlace[], stage: string): Promise<StagedPlace[]> {
  const staged: StagedPlace[] = [];
  for (const place of places)
    if (await isThere(stageFolder(place, stage)))
      staged.push({ place, state: await findPlaceState(place, stage) });
  return staged;
}

/**
 * The state goes last but one: until then it is known which folders were made for the place. Then the lock, with which
 * the place ends for all who wait for it.
 */
async function removePlace(place: StagePlace, stage: string, onEntry: () => void): Promise<void> {
  const folder = stageFolder(place, stage);
  await removeTree(join(folder, 'new'), onEntry);
  await removeTree(join(folder, 'old'), onEntry);
  await removeTree(join(folder, STATE_FILE), onEntry);
  await removeTree(folder, onEntry);
}

async function removeOwnFolder(place: StagePlace): Promise<void> {
  const holder = dirname(ownFolderOf(place));
  try {
    await keepingTime(holder, async () => {
      if (await removeIfEmpty(ownFolderOf(place))) await syncFolder(holder);
    });
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

function ownFolderOf(place: StagePlace): string {
  return join(place.single ? dirname(place.path) : place.path, OWN_FOLDER);
}
