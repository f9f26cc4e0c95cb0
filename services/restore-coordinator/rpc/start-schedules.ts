import { HoldfastError } from '#libs/kernel/errors.ts';
import type { CallContext } from '#libs/runtime/contract.ts';
import { newestRestore, stagedOf } from '../domain/kept-states.ts';
import type { CoordinatorPorts } from '../ports.ts';
import { openRequested, type Requested } from './open-requested.ts';

/** Enables the tasks that the newest restore held, once per `request_id`. Throws NOT_FOUND when it held none. */
export async function startSchedules(request: Requested, context: CallContext, ports: CoordinatorPorts) {
  const { deployment } = request;
  return await openRequested('schedules', request, context, ports, async () => {
    const restoreRunId = newestRestore(await ports.readLog(deployment));
    const states = restoreRunId === undefined ? [] : stagedOf(await ports.runs.read(restoreRunId));
    const names = states.flatMap(({ staged }) =>
      staged.component === 'database' ? staged.adapted.held : [],
    );
    if (restoreRunId === undefined || names.length === 0)
      throw new HoldfastError(
        'NOT_FOUND',
        { deployment },
        { message: `the newest restore of ${deployment} holds no schedules` },
      );
    return { parameters: { restoreRunId, names } };
  });
}
