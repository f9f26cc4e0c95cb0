import type { CallContext } from '#libs/runtime/contract.ts';
import { presentBackup } from '../domain/present.ts';
import type { CoordinatorPorts } from '../ports.ts';

/** One committed backup. Throws BACKUP_NOT_FOUND, MANIFEST_DAMAGED. */
export async function getBackup(
  request: { deployment: string; backupId: string; components: readonly string[] },
  _: CallContext,
  { manifests }: CoordinatorPorts,
) {
  return presentBackup(
    await manifests.read(request.deployment, request.backupId || 'latest', request.components),
  );
}
