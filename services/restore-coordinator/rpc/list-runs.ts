import type { CallContext } from '#libs/runtime/contract.ts';
import { pageOf } from '../domain/page.ts';
import { presentRun } from '../domain/present.ts';
import type { CoordinatorPorts } from '../ports.ts';
import { sagaOf } from '../sagas/all.ts';

/** Runs of one deployment or of all, newest first. */
export async function listRuns(
  request: { deployment: string; pageSize: number; pageToken: string },
  _: CallContext,
  { runs }: CoordinatorPorts,
) {
  const ids = await runs.ids(request.deployment === '' ? undefined : request.deployment);
  const { page, nextPageToken } = pageOf(ids, request);
  const states = await Promise.all(page.map((runId) => runs.read(runId)));
  return { runs: states.map((state) => presentRun(state, sagaOf(state.header))), nextPageToken };
}
