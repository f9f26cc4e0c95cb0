import type { CallContext } from '#libs/runtime/contract.ts';
import { presentRun } from '../domain/present.ts';
import type { CoordinatorPorts } from '../ports.ts';
import { sagaOf } from '../sagas/all.ts';
import { requireRequestId } from '../domain/request-id.ts';

/** Opens a backup run, once per `request_id`. Throws DEPLOYMENT_NOT_FOUND, RUN_IN_PROGRESS. */
export async function startBackup(
  request: { deployment: string; requestId: string; acceptChanges: boolean },
  context: CallContext,
  { specs, runs }: CoordinatorPorts,
) {
  const key = requireRequestId(request.requestId);
  const { version } = await specs.read(request.deployment);
  const { deployment } = request;
  const { principal } = context;
  const state = await runs.open({
    kind: 'backup',
    deployment,
    specVersion: version,
    principal,
    origin: 'request',
    key,
    parameters: { acceptChanges: request.acceptChanges },
  });
  return presentRun(state, sagaOf(state.header));
}
