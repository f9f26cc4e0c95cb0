import { z } from 'zod';
import { releaseRequest } from '#libs/contracts/requests.ts';
import { parseWith } from '#libs/contracts/step.ts';
import type { Saga } from '#libs/saga/define.ts';
import type { RunHeader } from '#libs/saga/journal.ts';
import { command, step, WORKERS, type ComponentName } from './steps.ts';

/**
 * Release: what finished restores keep is dropped for good. There is no way back from the first step on, so nothing has
 * an undo; a release that failed is asked for again, and goes on.
 */
export const releaseParameters = z.object({
  restoreRunIds: z.array(z.string()),
  states: releaseRequest.shape.states,
});

export function releaseSaga({ parameters }: Pick<RunHeader, 'parameters'>): Saga {
  const { states } = parseWith(releaseParameters, parameters, 'release parameters');
  const drop = (component: ComponentName) => {
    const own = states.filter(({ staged }) => staged.component === component);
    const request = () => ({ states: own }) as never;
    return own.length === 0
      ? []
      : [step(`release.${component}`, [], command(WORKERS[component], 'ReleaseKept', request))];
  };
  const drops = (['config', 'files', 'database'] as const).flatMap(drop);
  return {
    kind: 'release',
    exclusive: true,
    outcomeOf: () => 'completed',
    steps: [
      ...drops,
      {
        ...step(
          'commit',
          drops.map(({ name }) => name),
          { local: 'commit-release' },
        ),
        attemptsMax: 3,
      },
    ],
  };
}
