import { HoldfastError, problem } from '#libs/kernel/errors.ts';
import type { Clock } from '#libs/kernel/clock.ts';
import type { Repository } from '#libs/repository/port.ts';
import { discardPlaces, releasePlaces } from './discard.ts';
import { codeOf, realDisk, type Disk } from './disk.ts';
import { inspectRoots } from './inspect.ts';
import { pivotPlace, rearmPlace, undoPlace } from './pivot.ts';
import { findPlaceState } from './place-state.ts';
import type { NamedPlace, StagedPlaces, Trees } from './port.ts';
import { probePlaces } from './probe.ts';
import { stageTrees } from './stage.ts';
import { takeTrees } from './take.ts';
import { surveyRoots } from './survey.ts';

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
    pivot: (staged, { again } = { again: false }) =>
      naming(() => (again ? pivotAgain(staged, disk) : pivotAll(staged, disk))),
    undo: (staged) => naming(() => undoAll(staged, disk)),
    discard: (places, runId) => naming(() => discardPlaces(places, runId, disk, { keepFolders: false })),
    survey: surveyRoots,
    release: (staged) => naming(() => releasePlaces(staged.roots, staged.stage)),
    probe: (needs) => probePlaces(needs, disk),
  };
}

async function pivotAll(staged: StagedPlaces, disk: Disk): Promise<string[]> {
  await requireAllThere(staged);
  for (const place of staged.roots) await pivotPlace(place, staged.stage, disk);
  return staged.roots.map(({ name }) => name);
}

async function pivotAgain({ stage, roots }: StagedPlaces, disk: Disk): Promise<string[]> {
  const gone = await Promise.all(roots.map((place) => isMissing(place, stage)));
  const there = roots.filter((_, index) => !gone[index]);
  for (const place of there.toReversed()) await rearmPlace(place, stage, disk);
  return await pivotAll({ stage, roots: there }, disk);
}

/** In reverse order: a file that is a root of its own may lie in a folder that is one too. */
async function undoAll(staged: StagedPlaces, disk: Disk): Promise<string[]> {
  await requireAllThere(staged);
  for (const place of staged.roots.toReversed()) await undoPlace(place, staged.stage, disk);
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
