import { z } from 'zod';
import { releaseRequest } from '#libs/contracts/requests.ts';
import { LOCAL, nameAt, type ComponentName } from '#libs/contracts/sites.ts';
import { parseWith } from '#libs/contracts/step.ts';
import type { Saga } from '#libs/saga/define.ts';
import type { RunHeader } from '#libs/saga/journal.ts';
import { keptStates } from '../domain/kept-states.ts';
import { commandTo, step } from './steps.ts';

/**
 * Release: what finished restores keep is dropped for good. There is no way back from the first step on, so nothing has
 * an undo; a release that failed is asked for again, and goes on.
 */
export const releaseParameters = z.object({
  restoreRunIds: z.array(z.string()),
  states: releaseRequest.shape.states,
});

export function releaseSaga({ parameters }: Pick<RunHeader, 'parameters'>): Saga {
  const { states, restoreRunIds } = parseWith(releaseParameters, parameters, 'release parameters');
  const drop = (component: ComponentName) => {
    const own = states.filter(({ staged }) => staged.component === component);
    return [...new Set(own.map(({ site = LOCAL }) => site))].map((site) => {
      const request = () => ({ states: own.filter((state) => (state.site ?? LOCAL) === site) }) as never;
      return step(
        nameAt(`release.${component}`, site),
        [],
        commandTo({ component, site }, 'ReleaseKept', request),
      );
    });
  };
  const drops = (['config', 'files', 'database'] as const).flatMap(drop);
  return {
    kind: 'release',
    exclusive: true,
    stillHolds: (log) => {
      const kept = new Set(keptStates(log).map(({ runId }) => runId));
      return restoreRunIds.every((runId) => kept.has(runId));
    },
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
