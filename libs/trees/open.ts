import { HoldfastError, problem } from '#libs/kernel/errors.ts';
import type { Clock } from '#libs/kernel/clock.ts';
import type { Repository } from '#libs/repository/port.ts';
import { discardPlaces } from './discard.ts';
import { realDisk, type Disk } from './disk.ts';
import { inspectRoots } from './inspect.ts';
import { pivotPlace, undoPlace } from './pivot.ts';
import { findPlaceState } from './place-state.ts';
import type { NamedPlace, StagedPlaces, Trees } from './port.ts';
import { probePlaces } from './probe.ts';
import { stageTrees } from './stage.ts';
import { takeTrees } from './take.ts';

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
      stageTrees(request, options, { disk, read: (ref, { signal }) => repository.read(ref, { signal }) }),
    async pivot(staged) {
      await requireAllThere(staged);
      for (const place of staged.roots) await pivotPlace(place, staged.stage, disk);
      return staged.roots.map(({ name }) => name);
    },
    async undo(staged) {
      await requireAllThere(staged);
      for (const place of staged.roots.toReversed()) await undoPlace(place, staged.stage, disk);
      return staged.roots.map(({ name }) => name);
    },
    discard: (places, runId) => discardPlaces(places, runId, disk, { keepFolders: false }),
    probe: (needs) => probePlaces(needs, disk),
  };
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
