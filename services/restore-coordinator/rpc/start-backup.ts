import { HoldfastError } from '#libs/kernel/errors.ts';
import { parseWith } from '#libs/contracts/step.ts';
import type { CallContext } from '#libs/runtime/contract.ts';
import type { CoordinatorPorts } from '../ports.ts';
import { backupParameters } from '../sagas/backup.ts';
import { openRequested, type Requested } from './open-requested.ts';

/** Opens a backup run, once per `request_id`. Throws DEPLOYMENT_NOT_FOUND, RUN_IN_PROGRESS. */
export async function startBackup(
  request: Requested & {
    acceptChanges: boolean;
    full: boolean;
    portable: boolean;
    components: readonly string[];
  },
  context: CallContext,
  ports: CoordinatorPorts,
) {
  const { acceptChanges, full, portable, components } = request;
  return await openRequested('backup', request, context, ports, async () => {
    const parameters = {
      acceptChanges,
      full,
      portable,
      ...(components.length === 0 ? {} : { components: [...components] }),
    };
    parseWith(backupParameters, parameters, 'StartBackup');
    if (acceptChanges && components.length > 0)
      throw new HoldfastError('MESSAGE_MALFORMED', {
        components,
        wanted: 'all of them: what changed is accepted by a backup of everything',
      });
    return { parameters };
  });
}
