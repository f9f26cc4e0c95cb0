import { HoldfastError } from '#libs/kernel/errors.ts';
import { parseWith } from '#libs/contracts/step.ts';
import type { CallContext } from '#libs/runtime/contract.ts';
import { presentRun } from '../domain/present.ts';
import type { CoordinatorPorts } from '../ports.ts';
import { backupParameters } from '../sagas/backup.ts';
import { sagaOf } from '../sagas/all.ts';
import { requireRequestId } from '../domain/request-id.ts';

/** Opens a backup run, once per `request_id`. Throws DEPLOYMENT_NOT_FOUND, RUN_IN_PROGRESS. */
export async function startBackup(
  request: { deployment: string; requestId: string; acceptChanges: boolean; components: readonly string[] },
  context: CallContext,
  { specs, runs }: CoordinatorPorts,
) {
  const key = requireRequestId(request.requestId);
  const { version } = await specs.read(request.deployment);
  const { deployment, acceptChanges, components } = request;
  const parameters = { acceptChanges, ...(components.length === 0 ? {} : { components: [...components] }) };
  parseWith(backupParameters, parameters, 'StartBackup');
  if (acceptChanges && components.length > 0)
    throw new HoldfastError('MESSAGE_MALFORMED', {
      components,
      wanted: 'all of them: what changed is accepted by a backup of everything',
    });
  const { principal } = context;
  const state = await runs.open({
    kind: 'backup',
    deployment,
    specVersion: version,
    principal,
    origin: 'request',
    key,
    parameters,
  });
  return presentRun(state, sagaOf(state.header));
}
