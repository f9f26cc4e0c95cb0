import type { CallContext } from '#libs/runtime/contract.ts';
import { presentRun } from '../domain/present.ts';
import { requireRequestId } from '../domain/request-id.ts';
import { verificationOf } from '../domain/trial.ts';
import type { CoordinatorPorts } from '../ports.ts';
import { sagaOf } from '../sagas/all.ts';

/** Opens a verification of what is stored, once per `request_id`. Throws BACKUP_NOT_FOUND, MANIFEST_DAMAGED. */
export async function startVerify(
  request: { deployment: string; backupId: string; level: number; requestId: string },
  { principal }: CallContext,
  { specs, manifests, runs }: CoordinatorPorts,
) {
  const key = requireRequestId(request.requestId);
  const { deployment, level } = request;
  const { version: specVersion } = await specs.read(deployment);
  const parameters = verificationOf(await manifests.read(deployment, request.backupId || 'latest'), level);
  const state = await runs.open({
    kind: 'verify',
    deployment,
    specVersion,
    principal,
    origin: 'request',
    key,
    parameters,
  });
  return presentRun(state, sagaOf(state.header));
}
