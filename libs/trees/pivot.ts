import { join } from 'node:path/posix';
import type { StagePlace } from '#libs/contracts/stage.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { readAttributes, type Attributes } from './attributes.ts';
import { isGone } from './disk.ts';
import { moveLiveToNew, moveLiveToOld, moveNewToLive, moveOldToLive, type Moving } from './pivot-folder.ts';
import { keepNewSingle, keepSingle, placeSingle, putSingleBack } from './pivot-single.ts';
import { requirePlaceState, writePlaceState, type PlaceState } from './place-state.ts';

/**
 * The switch of one place, forward: live → old, then new → live. Every phase is durable before its first rename, and
 * looks at what is there, so it goes on from any point. In `clearing` nothing new is live yet, and in `placing` nothing
 * old is: that is how each child is known for what it is. The commit point is `done`, after the last rename.
 */
export async function pivotPlace(place: StagePlace, stage: string, moving: Moving): Promise<void> {
  const { disk } = moving;
  await passPhases(place, stage, moving, async (state) => {
    switch (state.phase) {
      case 'staged':
        return { phase: 'clearing', ...(await beforeOf(place)) };
      case 'clearing':
        if (place.single) return { phase: 'placing', before: await keepSingle(place, stage, disk) };
        await moveLiveToOld(place, stage, moving);
        return { phase: 'placing' };
      case 'placing':
        await (place.single
          ? placeSingle(place, stage, state, disk)
          : moveNewToLive(place, stage, state, moving));
        return { phase: 'done' };
      case 'done':
        return undefined;
      case 'staging':
      case 'unplacing':
      case 'unclearing':
      case 'undone':
        throw new HoldfastError('STAGE_GONE', { path: place.path, stage, reason: 'it was put back' });
    }
  });
}

/** The other way round, from wherever the switch or an earlier undo stopped; afterwards a late switch is refused. */
export async function undoPlace(place: StagePlace, stage: string, moving: Moving): Promise<void> {
  const { disk } = moving;
  await passPhases(place, stage, moving, async (state) => {
    switch (state.phase) {
      case 'staging':
      case 'staged':
        return { phase: 'undone' };
      case 'placing':
      case 'done':
        return { phase: 'unplacing' };
      case 'clearing':
        // A single file was copied at most: the live one is untouched, and nothing is put back over it.
        return { phase: place.single ? 'undone' : 'unclearing' };
      case 'unplacing':
        await (place.single ? keepNewSingle(place, stage, state, disk) : moveLiveToNew(place, stage, moving));
        return { phase: 'unclearing' };
      case 'unclearing':
        await (place.single
          ? putSingleBack(place, stage, state, disk)
          : moveOldToLive(place, stage, state, moving));
        return { phase: 'undone' };
      case 'undone':
        return undefined;
    }
  });
}

/** What ends a phase is written before the next begins; undefined ends the last. */
async function passPhases(
  place: StagePlace,
  stage: string,
  { signal }: Moving,
  pass: (state: PlaceState) => Promise<Partial<PlaceState> | undefined>,
): Promise<void> {
  let state = await requirePlaceState(place, stage);
  for (;;) {
    signal.throwIfAborted();
    const change = await pass(state);
    if (change === undefined) return;
    state = await writePlaceState(place, stage, { ...state, ...change });
  }
}

/** What was put back may be switched once more; one that never was is left as it is. */
export async function rearmPlace(place: StagePlace, stage: string, moving: Moving): Promise<void> {
  const { phase } = await requirePlaceState(place, stage);
  if (phase === 'unplacing' || phase === 'unclearing') await undoPlace(place, stage, moving);
  const state = await requirePlaceState(place, stage);
  if (state.phase === 'undone') await writePlaceState(place, stage, { ...state, phase: 'staged' });
}

async function beforeOf(place: StagePlace): Promise<Pick<PlaceState, 'before' | 'folder'>> {
  const folder = join(place.path, '..');
  return { before: await attributesIfThere(place.path), folder: await attributesIfThere(folder) };
}

async function attributesIfThere(path: string): Promise<Attributes | null> {
  try {
    return await readAttributes(path);
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}
