import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { CallContext } from '#libs/runtime/contract.ts';
import type { RunHeader } from '#libs/saga/journal.ts';
import type { RestoreWish } from '../domain/restore-plan.ts';
import type { CoordinatorPorts } from '../ports.ts';
import { restoreParameters } from '../sagas/restore.ts';
import { openRequested, type Requested } from './open-requested.ts';
import { planFor } from './plan-restore.ts';

/**
 * Opens the restore whose plan was approved by its digest, once per `request_id`. Throws PLAN_CHANGED when backup, spec
 * or steps are other ones by now, REFUSED with every problem, RUN_IN_PROGRESS.
 */
export async function startRestore(
  request: RestoreWish & Requested & { planDigest: string },
  context: CallContext,
  ports: CoordinatorPorts,
) {
  const { deployment, planDigest, relocationJson } = request;
  const run = await openRequested('restore', request, context, ports, async (before) => {
    const plan = await planFor(request, context, ports);
    requireApproved(planDigest, [plan.digest, ...digestOf(before)]);
    if (plan.problems.length > 0)
      throw new HoldfastError('REFUSED', { deployment }, { problems: plan.problems });
    const { specVersion, parameters } = plan;
    return { specVersion, parameters: parameters as unknown as Json, relocationJson };
  });
  const { runId } = run;
  await ports.record(deployment, { kind: 'approved', runId, planDigest, principal: context.principal });
  return run;
}

/** The plan of now, and the one of the same request if it could not be opened then. */
function requireApproved(approved: string, digests: readonly string[]): void {
  for (const now of digests) if (now !== approved) throw new HoldfastError('PLAN_CHANGED', { approved, now });
}

function digestOf(before: RunHeader | undefined): readonly string[] {
  return before === undefined ? [] : [restoreParameters.parse(before.parameters).planDigest];
}
