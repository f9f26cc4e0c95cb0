import { stageFolder, type StagePlace } from '#libs/contracts/stage.ts';
import { HoldfastError, problem } from '#libs/kernel/errors.ts';
import type { Clock } from '#libs/kernel/clock.ts';
import type { Repository } from '#libs/repository/port.ts';
import { discardPlaces, releasePlaces } from './discard.ts';
import { codeOf, isGone, isThere, realDisk, type Disk } from './disk.ts';
import { inspectRoots } from './inspect.ts';
import type { Moving } from './pivot-folder.ts';
import { pivotPlace, rearmPlace, undoPlace } from './pivot.ts';
import { findPlaceState, type PlaceState } from './place-state.ts';
import type { NamedPlace, StagedPlaces, Trees } from './port.ts';
import { probePlaces } from './probe.ts';
import { stageTrees } from './stage.ts';
import { takeOver } from './take-over.ts';
import { takeTrees } from './take.ts';
import { surveyRoots } from './survey.ts';
import { requireNoWriters } from './writers.ts';

export interface TreesDeps {
  readonly repository: Repository;
  readonly clock: Clock;
  readonly disk?: Disk;
}

/** Trees on this machine's disks, their content in the repository. */
export function openTrees({ repository, clock, disk = realDisk }: TreesDeps): Trees {
  return {
    inspect: inspectRoots,
    take: (request, options) => takeTrees(request, options, { repository, clock, disk }),
    stage: (request, options) =>
      fenced(request.stage, request.places, () =>
        stageTrees(request, options, { disk, read: (ref, { signal }) => repository.read(ref, { signal }) }),
      ),
    pivot: (staged, { as, signal, again = false }) =>
      fenced(as, staged.roots, () => (again ? pivotAgain : pivotAll)(staged, as, { disk, signal })),
    undo: ({ roots }, { as, signal }) => fenced(as, roots, () => undoAll(roots, as, { disk, signal })),
    discard: (places, { as, signal, onProgress }) =>
      naming(() => {
        const onEntry = counting(onProgress);
        return discardPlaces(places, as, { disk, signal, onEntry, keepFolders: false });
      }),
    survey: surveyRoots,
    release: ({ roots }, { as, signal, onProgress }) =>
      naming(() => {
        const count = counting(onProgress);
        const onEntry = (): void => {
          signal.throwIfAborted();
          count();
        };
        return releasePlaces(roots, as, { disk, onEntry });
      }),
    probe: (needs) => probePlaces(needs, disk),
  };
}

function counting(onProgress: (entries: number) => void): () => void {
  let entries = 0;
  return () => onProgress((entries += 1));
}

async function pivotAll(staged: StagedPlaces, as: string, moving: Moving): Promise<string[]> {
  await takeOver(staged.roots, as, moving.disk);
  await requireAllThere(staged.roots, as, ({ filledAs }) => filledAs === staged.stage);
  await requireNoWriters(staged.roots);
  return await pivotPlaces(staged.roots, as, moving);
}

async function pivotAgain({ roots }: StagedPlaces, as: string, moving: Moving): Promise<string[]> {
  const taken = await takeOver(roots, as, moving.disk);
  const states = await Promise.all(taken.map((place) => findPlaceState(place, as)));
  const there = taken.filter((_, at) => isFilled(states[at]));
  for (const place of there.toReversed()) await rearmPlace(place, as, moving);
  return await pivotPlaces(there, as, moving);
}

async function pivotPlaces(roots: readonly NamedPlace[], as: string, moving: Moving): Promise<string[]> {
  for (const place of roots) await pivotPlace(place, as, moving);
  return roots.map(({ name }) => name);
}

/** In reverse order: a file that is a root of its own may lie in a folder that is one too. */
async function undoAll(roots: readonly NamedPlace[], as: string, moving: Moving): Promise<string[]> {
  await takeOver(roots, as, moving.disk);
  await requireAllThere(roots, as, () => true);
  for (const place of roots.toReversed()) await undoPlace(place, as, moving);
  return roots.map(({ name }) => name);
}

/** Refused before anything moves: half of the places may be gone, or hold what another worker staged. */
async function requireAllThere(
  roots: readonly NamedPlace[],
  as: string,
  isWanted: (state: PlaceState) => boolean,
): Promise<void> {
  const states = await Promise.all(roots.map((place) => findPlaceState(place, as)));
  const problems = roots
    .filter((_, at) => !(isFilled(states[at]) && isWanted(states[at]!)))
    .map(({ name, path }) => problem('STAGE_GONE', name, `what was staged for ${path} is gone`));
  if (problems.length > 0) throw new HoldfastError('STAGE_GONE', { stage: as }, { problems });
}

function isFilled(state: PlaceState | undefined): boolean {
  return state !== undefined && state.phase !== 'staging';
}

/** Whoever is taken over finds its place gone wherever it is: then nothing is put right, for it is another's. */
async function fenced<T>(as: string, places: readonly StagePlace[], work: () => Promise<T>): Promise<T> {
  try {
    return await naming(work);
  } catch (cause) {
    if (!isGone(cause)) throw cause;
    const there = await Promise.all(places.map((place) => isThere(stageFolder(place, as))));
    if (there.every(Boolean)) throw cause;
    throw new HoldfastError('STAGE_GONE', { stage: as }, { cause });
  }
}

const SPACE_CODES = new Set(['ENOSPC', 'EDQUOT']);
const ACCESS_CODES = new Set(['EACCES', 'EPERM', 'EROFS']);

/** A full or closed disk is the world's state, not our fault, and has its own remedy. */
async function naming<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : '';
    if (SPACE_CODES.has(codeOf(cause))) throw new HoldfastError('SPACE_MISSING', { reason }, { cause });
    if (ACCESS_CODES.has(codeOf(cause))) throw new HoldfastError('NOT_WRITABLE', { reason }, { cause });
    throw cause;
  }
}
