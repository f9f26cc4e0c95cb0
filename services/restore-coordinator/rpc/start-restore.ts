import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { CallContext } from '#libs/runtime/contract.ts';
import { presentRun } from '../domain/present.ts';
import type { RestoreWish } from '../domain/restore-plan.ts';
import { requireRequestId } from '../domain/request-id.ts';
import type { CoordinatorPorts } from '../ports.ts';
import { sagaOf } from '../sagas/all.ts';
import { planFor } from './plan-restore.ts';

/**
 * Opens the restore whose plan was approved by its digest. Throws PLAN_CHANGED when backup, spec or steps are other
 * ones by now, REFUSED with every problem, RUN_IN_PROGRESS.
 */
export async function startRestore(
  request: RestoreWish & { planDigest: string; requestId: string },
  context: CallContext,
  ports: CoordinatorPorts,
) {
  const key = requireRequestId(request.requestId);
  const plan = await planFor(request, context, ports);
  if (plan.digest !== request.planDigest)
    throw new HoldfastError('PLAN_CHANGED', { approved: request.planDigest, now: plan.digest });
  if (plan.problems.length > 0)
    throw new HoldfastError('REFUSED', { deployment: request.deployment }, { problems: plan.problems });
  const { deployment, relocationJson } = request;
  const { principal } = context;
  const state = await ports.runs.open({
    kind: 'restore',
    deployment,
    specVersion: plan.specVersion,
    principal,
    origin: 'request',
    key,
    parameters: plan.parameters as unknown as Json,
    relocationJson,
  });
  await ports.record(deployment, {
    kind: 'approved',
    runId: state.header.runId,
    planDigest: plan.digest,
    principal,
  });
  return presentRun(state, sagaOf(state.header));
}
