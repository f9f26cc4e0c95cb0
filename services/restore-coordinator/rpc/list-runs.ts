import type { CallContext } from '#libs/runtime/contract.ts';
import { presentRun } from '../domain/present.ts';
import type { CoordinatorPorts } from '../ports.ts';
import { sagaOf } from '../sagas/all.ts';

/** Runs of one deployment or of all, newest first. */
export async function listRuns(
  request: { deployment: string; pageSize: number; pageToken: string },
  _: CallContext,
  { runs }: CoordinatorPorts,
) {
  const { runIds, nextPageToken } = await runs.page(request);
  const states = await Promise.all(runIds.map((runId) => runs.read(runId)));
  const shown = states.map(async (state) =>
    presentRun(state, sagaOf(state.header), await runs.whyWaiting(state)),
  );
  return { runs: await Promise.all(shown), nextPageToken };
}
