import { z } from 'zod';
import { parseWith } from '#libs/contracts/step.ts';
import type { Saga } from '#libs/saga/define.ts';
import { sitesOfRun, type RunHeader } from '#libs/saga/journal.ts';
import { newestRestore } from '../domain/kept-states.ts';
import { commandTo, step } from './steps.ts';

/** Held tasks are enabled again: exactly those that the restore held. Repeating it changes nothing, so nothing is undone. */
export const schedulesParameters = z.object({ restoreRunId: z.string(), names: z.array(z.string()) });

export function schedulesSaga(header: Pick<RunHeader, 'parameters' | 'sites'>): Saga {
  const part = { component: 'database', site: sitesOfRun(header).database } as const;
  const { names, restoreRunId } = parseWith(schedulesParameters, header.parameters, 'schedules parameters');
  return {
    kind: 'schedules',
    exclusive: true,
    stillHolds: (log) => newestRestore(log) === restoreRunId,
    outcomeOf: () => 'completed',
    steps: [
      step(
        'enable',
        [],
        commandTo(part, 'EnableSchedules', () => ({ names })),
      ),
      { ...step('commit', ['enable'], { local: 'commit-schedules' }), attemptsMax: 3 },
    ],
  };
}
