import { HoldfastError, problem } from '#libs/kernel/errors.ts';
import type { Clock } from '#libs/kernel/clock.ts';
import type { Repository } from '#libs/repository/port.ts';
import { discardPlaces, releasePlaces } from './discard.ts';
import { codeOf, realDisk, type Disk } from './disk.ts';
import { inspectRoots } from './inspect.ts';
import type { Moving } from './pivot-folder.ts';
import { pivotPlace, rearmPlace, undoPlace } from './pivot.ts';
import { lockPlaces } from './place-lock.ts';
import { findPlaceState } from './place-state.ts';
import type { NamedPlace, StagedPlaces, Trees } from './port.ts';
import { probePlaces } from './probe.ts';
import { stageTrees } from './stage.ts';
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
      naming(() =>
        stageTrees(request, options, { disk, read: (ref, { signal }) => repository.read(ref, { signal }) }),
      ),
    pivot: (staged, { signal, again = false }) =>
      naming(() => (again ? pivotAgain : pivotAll)(staged, { disk, signal })),
    undo: (staged, { signal }) => naming(() => undoAll(staged, { disk, signal })),
    discard: (places, runId, { signal, onProgress }) =>
      naming(() => {
        const onEntry = counting(onProgress);
        return discardPlaces(places, runId, { disk, signal, onEntry, keepFolders: false });
      }),
    survey: surveyRoots,
    release: (staged, { signal, onProgress }) =>
      naming(() => {
        const count = counting(onProgress);
        return releasePlaces(staged.roots, staged.stage, () => {
          signal.throwIfAborted();
          count();
        });
      }),
    probe: (needs) => probePlaces(needs, disk),
  };
}

function counting(onProgress: (entries: number) => void): () => void {
  let entries = 0;
  return () => onProgress((entries += 1));
}

async function pivotAll(staged: StagedPlaces, moving: Moving): Promise<string[]> {
  await using _locks = await lockPlaces(staged.roots, staged.stage, moving.signal);
  await requireAllThere(staged);
  await requireNoWriters(staged.roots);
  return await pivotPlaces(staged, moving);
}

async function pivotAgain({ stage, roots }: StagedPlaces, moving: Moving): Promise<string[]> {
  const gone = await Promise.all(roots.map((place) => isMissing(place, stage)));
  const there = roots.filter((_, index) => !gone[index]);
  await using _locks = await lockPlaces(there, stage, moving.signal);
  for (const place of there.toReversed()) await rearmPlace(place, stage, moving);
  return await pivotPlaces({ stage, roots: there }, moving);
}

async function pivotPlaces({ stage, roots }: StagedPlaces, moving: Moving): Promise<string[]> {
  for (const place of roots) await pivotPlace(place, stage, moving);
  return roots.map(({ name }) => name);
}

/** In reverse order: a file that is a root of its own may lie in a folder that is one too. */
async function undoAll(staged: StagedPlaces, moving: Moving): Promise<string[]> {
  await using _locks = await lockPlaces(staged.roots, staged.stage, moving.signal);
  await requireAllThere(staged);
  for (const place of staged.roots.toReversed()) await undoPlace(place, staged.stage, moving);
  return staged.roots.map(({ name }) => name);
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

/** Refused before anything moves: half of the places may be another attempt's by now. */
async function requireAllThere({ stage, roots }: StagedPlaces): Promise<void> {
  const gone = await Promise.all(roots.map(async (place) => isMissing(place, stage)));
  const problems = roots
    .filter((_, index) => gone[index])
    .map(({ name, path }) => problem('STAGE_GONE', name, `${path} has no staging place ${stage}`));
  if (problems.length > 0) throw new HoldfastError('STAGE_GONE', { stage }, { problems });
}

async function isMissing(place: NamedPlace, stage: string): Promise<boolean> {
  const state = await findPlaceState(place, stage);
  return state === undefined || state.phase === 'staging';
}
