import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Manifest, ManifestSnapshot } from '#libs/contracts/manifest.ts';
import type { RootFacts } from '#libs/contracts/tree-snapshot.ts';
import { manifestOf } from './backup-text.ts';
import type { FrontDoor } from './front-door.ts';

interface Wanted {
  readonly deployment: string;
  readonly backup: string;
  readonly component: ManifestSnapshot['component'];
}

/** One component in a backup (an id, or `latest`: the newest that holds it): a snapshot of each site. Throws BACKUP_NOT_FOUND, MANIFEST_DAMAGED. */
export async function requireSnapshots(
  door: FrontDoor,
  wanted: Wanted,
): Promise<{ backupId: string; manifest: Manifest; snapshots: readonly ManifestSnapshot[] }> {
  const backup = await door.getBackup(wanted.deployment, wanted.backup, [wanted.component]);
  const { backupId } = backup;
  const manifest = manifestOf(backup);
  if (manifest === undefined) throw new HoldfastError('MANIFEST_DAMAGED', { backup: backupId });
  const snapshots = manifest.snapshots.filter(({ component }) => component === wanted.component);
  if (snapshots.length === 0)
    throw new HoldfastError('NOT_FOUND', { backup: backupId, component: wanted.component });
  return { backupId, manifest, snapshots };
}

/** The one that holds the root; where none does, whoever is asked says so. */
export async function requireSnapshotWith(
  door: FrontDoor,
  root: string,
  wanted: Wanted,
): Promise<{ backupId: string; snapshotId: string }> {
  const { backupId, snapshots } = await requireSnapshots(door, wanted);
  const holder = snapshots.find(({ facts }) =>
    ((facts['roots'] ?? []) as readonly RootFacts[]).some(({ name }) => name === root),
  );
  return { backupId, snapshotId: (holder ?? snapshots[0]!).id };
}
