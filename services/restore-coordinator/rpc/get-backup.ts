import type { CallContext } from '#libs/runtime/contract.ts';
import { standingHolds } from '#libs/saga/kept-backups.ts';
import { presentBackup } from '../domain/present.ts';
import type { CoordinatorPorts } from '../ports.ts';

/** One committed backup. Throws BACKUP_NOT_FOUND, MANIFEST_DAMAGED. */
export async function getBackup(
  request: { deployment: string; backupId: string; components: readonly string[] },
  _: CallContext,
  { manifests, readLog }: CoordinatorPorts,
) {
  const { deployment, backupId, components } = request;
  const stored = await manifests.read(deployment, backupId || 'latest', components);
  const holds = standingHolds(await readLog(deployment).catch(() => []));
  return presentBackup(stored, holds.get(stored.manifest.backupId));
}
