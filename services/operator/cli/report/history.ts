import type { Manifest } from '#libs/contracts/manifest.ts';
import { manifestOf } from '../backup-text.ts';
import { isWhole } from '../components.ts';
import type { Backup, FrontDoor } from '../front-door.ts';
import { collectPages } from '../pages.ts';

/** Years of nightly backups; older ones are no news. */
const BACKUPS_MAX = 2_000;
/** A manifest of many tables is long, and one message holds a page of them. */
const NEWEST_PAGE = 20;

/** Committed backups, newest first; a damaged one is among them. */
export async function readBackups(door: FrontDoor, deployment: string): Promise<readonly Backup[]> {
  return await collectPages(BACKUPS_MAX, async (page) => {
    const answer = await door.listBackups({ deployment, ...page });
    return { items: answer.backups, next: answer.nextPageToken };
  });
}

/** Newest first, ending with the `wholeMax`th whole one; damaged ones and those of some components are among them. */
export async function* newestBackups(
  door: Pick<FrontDoor, 'listBackups'>,
  deployment: string,
  wholeMax: number,
): AsyncGenerator<Backup> {
  let left = wholeMax;
  let pageToken = '';
  do {
    const answer = await door.listBackups({ deployment, pageSize: NEWEST_PAGE, pageToken });
    for (const backup of answer.backups) {
      yield backup;
      if (isWhole(backup)) left -= 1;
      if (left === 0) return;
    }
    pageToken = answer.nextPageToken;
  } while (pageToken !== '');
}

/** Their manifests, oldest first; of a damaged one there is none. */
export async function readManifests(door: FrontDoor, deployment: string): Promise<readonly Manifest[]> {
  const backups = await readBackups(door, deployment);
  return backups.flatMap((backup) => manifestOf(backup) ?? []).toReversed();
}
