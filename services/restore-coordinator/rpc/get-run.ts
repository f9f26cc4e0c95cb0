import type { CallContext } from '#libs/runtime/contract.ts';
import { presentRun } from '../domain/present.ts';
import type { CoordinatorPorts } from '../ports.ts';
import { sagaOf } from '../sagas/all.ts';

/** Throws RUN_NOT_FOUND. */
export async function getRun(request: { runId: string }, _: CallContext, { runs }: CoordinatorPorts) {
  const state = await runs.read(request.runId);
  return presentRun(state, sagaOf(state.header), await runs.whyWaiting(state));
}
