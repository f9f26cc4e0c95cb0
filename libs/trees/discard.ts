import { dirname, join } from 'node:path/posix';
import { stageFolder, type StagePlace } from '#libs/contracts/stage.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { keepingTime, syncFolder } from './attributes.ts';
import { isGone, type Disk } from './disk.ts';
import type { Moving } from './pivot-folder.ts';
import { undoPlace } from './pivot.ts';
import { findPlaceState, STATE_FILE, type PlaceState } from './place-state.ts';
import { removeIfEmpty, removeTree } from './remove-tree.ts';
import { ownFolderOf, takeOver } from './take-over.ts';

export interface DiscardingOptions extends Moving {
  readonly keepFolders: boolean;
  /** Before each entry that is removed: a large place takes long. */
  readonly onEntry: () => void;
}

/**
 * Takes the run's places of these roots over and removes them, but never those whose switch is complete in every root:
 * their old state is kept. Returns the folders that staging had made; they are removed too when they are empty, unless
 * they are to be kept.
 */
export async function discardPlaces(
  places: readonly StagePlace[],
  as: string,
  { keepFolders, onEntry, ...moving }: DiscardingOptions,
): Promise<string[]> {
  const created = new Set<string>();
  // More than once where somebody who was taken over made a place afterwards.
  for (;;) {
    const staged = await statesOf(await takeOver(places, as, moving.disk), as);
    if (staged.every(({ state }) => state?.phase === 'done')) break;
    // The live state of every root is whole before anything is removed.
    for (const { place, state } of staged.toReversed())
      if (state !== undefined && state.phase !== 'staging') await undoPlace(place, as, moving);
    for (const { place, state } of staged) {
      for (const path of state?.created ?? []) created.add(path);
      await removePlace(place, as, () => {
        moving.signal.throwIfAborted();
        onEntry();
      });
    }
  }
  for (const place of places) await removeOwnFolder(place);
  if (!keepFolders) await removeEmpty(created);
  return [...created].toSorted((a, b) => a.length - b.length);
}

/** Removes places that were just made and hold nothing yet, and only those of this very name. */
export async function abandonPlaces(
  places: readonly StagePlace[],
  stage: string,
  { made, onEntry }: { readonly made: Iterable<string>; readonly onEntry: () => void },
): Promise<void> {
  for (const place of places) await removePlace(place, stage, onEntry);
  for (const place of places) await removeOwnFolder(place);
  await removeEmpty(new Set(made));
}

/** Innermost first. */
async function removeEmpty(folders: ReadonlySet<string>): Promise<void> {
  for (const folder of [...folders].toSorted((a, b) => b.length - a.length)) await removeIfEmpty(folder);
}

/** Removes places whose switch is complete, forward or back. Throws STAGE_GONE for one that stopped half-way. */
export async function releasePlaces(
  places: readonly StagePlace[],
  as: string,
  { disk, onEntry }: { readonly disk: Disk; readonly onEntry: () => void },
): Promise<string[]> {
  const there = await statesOf(await takeOver(places, as, disk), as);
  for (const { place, state } of there)
    if (state !== undefined && state.phase !== 'done' && state.phase !== 'undone')
      throw new HoldfastError('STAGE_GONE', { path: place.path, reason: `it is ${state.phase}` });
  for (const { place } of there) await removePlace(place, as, onEntry);
  for (const place of places) await removeOwnFolder(place);
  return there.map(({ place }) => place.path);
}

interface StagedPlace {
  readonly place: StagePlace;
  readonly state: PlaceState | undefined;
}

async function statesOf(places: readonly StagePlace[], stage: string): Promise<StagedPlace[]> {
  return await Promise.all(
    places.map(async (place) => ({ place, state: await findPlaceState(place, stage) })),
  );
}

/** The state goes last but one: until then it is known which folders were made for the place. */
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
