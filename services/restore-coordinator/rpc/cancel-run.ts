import type { CallContext } from '#libs/runtime/contract.ts';
import { presentRun } from '../domain/present.ts';
import type { CoordinatorPorts } from '../ports.ts';
import { sagaOf } from '../sagas/all.ts';

/** Asks the run to stop and to take back what it did; harmless when repeated or finished. */
export async function cancelRun(
  request: { runId: string; afterSwitch: string },
  context: CallContext,
  { runs }: CoordinatorPorts,
) {
  const state = await runs.cancel(request.runId, {
    choice: request.afterSwitch === 'AFTER_SWITCH_GO_ON' ? 'forward' : 'back',
    principal: context.principal,
  });
  return presentRun(state, sagaOf(state.header));
}
