import type { CallContext } from '#libs/runtime/contract.ts';
import { requireSecond } from '../domain/second-store.ts';
import { verificationOf } from '../domain/trial.ts';
import type { CoordinatorPorts } from '../ports.ts';
import { openRequested, type Requested } from './open-requested.ts';

/** Opens a verification of what is stored, once per `request_id`. Throws BACKUP_NOT_FOUND, MANIFEST_DAMAGED, SECOND_STORE_MISSING. */
export async function startVerify(
  request: Requested & { backupId: string; level: number; second: boolean },
  context: CallContext,
  ports: CoordinatorPorts,
) {
  return await openRequested('verify', request, context, ports, async () => {
    if (request.second) requireSecond(ports);
    const stored = await ports.manifests.read(request.deployment, request.backupId || 'latest');
    return { parameters: verificationOf(stored, request.level, request.second ? 'second' : 'first') };
  });
}
