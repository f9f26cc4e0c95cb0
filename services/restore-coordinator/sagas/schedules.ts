import { z } from 'zod';
import { parseWith } from '#libs/contracts/step.ts';
import type { Saga } from '#libs/saga/define.ts';
import type { RunHeader } from '#libs/saga/journal.ts';
import { command, step } from './steps.ts';

/** Held tasks are enabled again: exactly those that the restore held. Repeating it changes nothing, so nothing is undone. */
export const schedulesParameters = z.object({ restoreRunId: z.string(), names: z.array(z.string()) });

export function schedulesSaga({ parameters }: Pick<RunHeader, 'parameters'>): Saga {
  const { names } = parseWith(schedulesParameters, parameters, 'schedules parameters');
  return {
    kind: 'schedules',
    exclusive: true,
    outcomeOf: () => 'completed',
    steps: [
      step(
        'enable',
        [],
        command('db-snapshot', 'EnableSchedules', () => ({ names })),
      ),
      { ...step('commit', ['enable'], { local: 'commit-schedules' }), attemptsMax: 3 },
    ],
  };
}
