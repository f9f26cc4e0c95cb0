import type { Json } from '#libs/kernel/json.ts';
import type { CallContext } from '#libs/runtime/contract.ts';
import { keptStates, requireKept, stagedOf } from '../domain/kept-states.ts';
import type { CoordinatorPorts } from '../ports.ts';
import { openRequested, type Requested } from './open-requested.ts';

/**
 * Opens the way back to what the newest restore switched away, once per `request_id`. Throws NOT_FOUND when no old
 * state waits, RUN_IN_PROGRESS.
 */
export async function startRollback(request: Requested, context: CallContext, ports: CoordinatorPorts) {
  return await openRequested('rollback', request, context, ports, async () => {
    const waiting = keptStates(await ports.readLog(request.deployment)).filter(
      ({ rolledBack }) => !rolledBack,
    );
    const { runId, backupId } = requireKept(waiting, request.deployment);
    const states = stagedOf(await ports.runs.read(runId));
    return { parameters: { restoreRunId: runId, backupId, states } as unknown as Json };
  });
}
