import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path/posix';
import {
  compareTokens,
  OWN_FOLDER,
  parseStageName,
  stageFolder,
  type StagePlace,
} from '#libs/contracts/stage.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { syncFolder } from './attributes.ts';
import { isGone, type Disk } from './disk.ts';
import { dropHalfWritten } from './place-state.ts';

/**
 * Renames the run's place of each root to `as`, the token of who acts from now on. Whoever had it finds it gone, in the
 * midst of its renames too: what it does next to the place, or through it to what is live, fails. Returns the roots that
 * have a place. Throws STAGE_GONE when somebody later has one.
 */
export async function takeOver<Place extends StagePlace>(
  places: readonly Place[],
  as: string,
  disk: Disk,
): Promise<readonly Place[]> {
  // Looked at first: of a run that others went on with nothing is taken.
  for (const place of places) await findNewest(place, as);
  const taken: Place[] = [];
  for (const place of places) if (await takeOne(place, as, disk)) taken.push(place);
  return taken;
}

async function takeOne(place: StagePlace, as: string, disk: Disk): Promise<boolean> {
  const own = stageFolder(place, as);
  for (;;) {
    const newest = await findNewest(place, as);
    if (newest === undefined) return false;
    try {
      if (newest !== as) await disk.rename(Buffer.from(stageFolder(place, newest)), Buffer.from(own));
      await dropHalfWritten(own);
    } catch (error) {
      // Somebody else took it since it was listed: the next look tells who.
      if (!isGone(error)) throw error;
      continue;
    }
    await syncFolder(dirname(own));
    return true;
  }
}

async function findNewest(place: StagePlace, as: string): Promise<string | undefined> {
  const own = parseStageName(as)!;
  const newest = (await listStages(place))
    .filter(({ token }) => token.runId === own.runId)
    .toSorted((a, b) => compareTokens(a.token, b.token))
    .at(-1);
  if (newest !== undefined && compareTokens(newest.token, own) > 0)
    throw new HoldfastError('STAGE_GONE', { path: place.path, stage: as, takenOverBy: newest.stage });
  return newest?.stage;
}

/** Places of one root, of whatever run; another root may have places in the same folder. */
export async function listStages(place: StagePlace) {
  const suffix = place.single ? `.${basename(place.path)}` : '';
  const names = await readdir(ownFolderOf(place)).catch((error: unknown) => {
    if (isGone(error)) return [];
    throw error;
  });
  return names
    .filter((name) => name.endsWith(suffix))
    .map((name) => name.slice(0, name.length - suffix.length))
    .flatMap((stage) => {
      const token = parseStageName(stage);
      return token === undefined ? [] : [{ stage, token }];
    });
}

export function ownFolderOf(place: StagePlace): string {
  return join(place.single ? dirname(place.path) : place.path, OWN_FOLDER);
}
