import type { CallContext } from '#libs/runtime/contract.ts';
import { presentRun } from '../domain/present.ts';
import type { CoordinatorPorts } from '../ports.ts';
import { sagaOf } from '../sagas/all.ts';

/** Asks the run to stop and to take back what it staged; harmless when repeated or finished. */
export async function cancelRun(
  request: { runId: string },
  context: CallContext,
  { runs }: CoordinatorPorts,
) {
  const state = await runs.cancel(request.runId, context.principal);
  return presentRun(state, sagaOf(state.header));
}
