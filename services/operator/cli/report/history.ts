import type { Manifest } from '#libs/contracts/manifest.ts';
import { manifestOf } from '../backup-text.ts';
import type { Backup, FrontDoor } from '../front-door.ts';
import { collectPages } from '../pages.ts';

/** Years of nightly backups; older ones are no news. */
const BACKUPS_MAX = 2_000;

/** Committed backups, newest first; a damaged one is among them. */
export async function readBackups(door: FrontDoor, deployment: string): Promise<readonly Backup[]> {
  return await collectPages(BACKUPS_MAX, async (page) => {
    const answer = await door.listBackups({ deployment, ...page });
    return { items: answer.backups, next: answer.nextPageToken };
  });
}

/** Their manifests, oldest first; of a damaged one there is none. */
export async function readManifests(door: FrontDoor, deployment: string): Promise<readonly Manifest[]> {
  const backups = await readBackups(door, deployment);
  return backups.flatMap((backup) => manifestOf(backup) ?? []).toReversed();
}
