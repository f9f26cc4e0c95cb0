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
  const states = await runs.list(request.deployment === '' ? undefined : request.deployment);
  const { page, nextPageToken } = pageOf(states, (state) => state.header.runId, request);
  return { runs: page.map((state) => presentRun(state, sagaOf(state.header))), nextPageToken };
}
