import type { Json } from '#libs/kernel/json.ts';
import type { CallContext } from '#libs/runtime/contract.ts';
import { keptStates, requireKept, stagedOf } from '../domain/kept-states.ts';
import type { CoordinatorPorts } from '../ports.ts';
import { openRequested, type Requested } from './open-requested.ts';

/** Drops every state that restores of this deployment keep, once per `request_id`. Throws NOT_FOUND, RUN_IN_PROGRESS. */
export async function startRelease(request: Requested, context: CallContext, ports: CoordinatorPorts) {
  return await openRequested('release', request, context, ports, async () => {
    const waiting = keptStates(await ports.readLog(request.deployment));
    requireKept(waiting, request.deployment);
    const restoreRunIds = waiting.map(({ runId }) => runId);
    const runs = await Promise.all(restoreRunIds.map((runId) => ports.runs.read(runId)));
    return { parameters: { restoreRunIds, states: runs.flatMap(stagedOf) } as unknown as Json };
  });
}
