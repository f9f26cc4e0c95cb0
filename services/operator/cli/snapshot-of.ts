import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Manifest } from '#libs/contracts/manifest.ts';
import { manifestOf } from './backup-text.ts';
import type { FrontDoor } from './front-door.ts';

/** The snapshot of one component in a backup (`latest` or an id). Throws BACKUP_NOT_FOUND, MANIFEST_DAMAGED. */
export async function requireSnapshot(
  door: FrontDoor,
  wanted: { deployment: string; backup: string; component: Manifest['snapshots'][number]['component'] },
) {
  const backup = await door.getBackup(wanted.deployment, wanted.backup);
  const manifest = manifestOf(backup);
  if (manifest === undefined) throw new HoldfastError('MANIFEST_DAMAGED', { backup: backup.backupId });
  const snapshot = manifest.snapshots.find(({ component }) => component === wanted.component);
  if (snapshot === undefined)
    throw new HoldfastError('NOT_FOUND', { backup: backup.backupId, component: wanted.component });
  return { backupId: backup.backupId, snapshotId: snapshot.id, manifest };
}
