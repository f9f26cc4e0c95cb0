import { z } from 'zod';
import { releaseRequest } from '#libs/contracts/requests.ts';
import { COMPONENTS, LOCAL, nameAt } from '#libs/contracts/sites.ts';
import { parseWith } from '#libs/contracts/step.ts';
import type { Json } from '#libs/kernel/json.ts';
import { within, type Saga, type SagaStep } from '#libs/saga/define.ts';
import { sitesOfRun, type RunHeader } from '#libs/saga/journal.ts';
import { keptStates } from '../domain/kept-states.ts';
import { closing, command, commandTo, hookSteps, opening, step } from './steps.ts';

/**
 * Rollback: the switch of a finished restore, the other way round, under the same closed doors. Each step's inverse
 * switches once more, so a failure anywhere leaves the restored state. `commit` is what cannot be taken back.
 */
const MINUTE_MS = 60_000;

export const rollbackParameters = z.object({
  restoreRunId: z.string(),
  backupId: z.string(),
  states: releaseRequest.shape.states,
});
type KeptPlace = z.infer<typeof rollbackParameters>['states'][number];

export function rollbackSaga(header: Pick<RunHeader, 'parameters' | 'sites'>): Saga {
  const { database, hooks } = sitesOfRun(header);
  const { states, restoreRunId } = parseWith(rollbackParameters, header.parameters, 'rollback parameters');
  // The database first: it is then the last to be switched again, when the restored state has to come back.
  const backs = COMPONENTS.flatMap((component) =>
    states.filter(({ staged }) => staged.component === component),
  ).map((place, at, all) => back(place, at === 0 ? 'close' : nameOf(all[at - 1]!)));
  const stops = hookSteps('stop', [], hooks);
  const starts = hookSteps('start', ['open'], hooks.toReversed());
  return {
    kind: 'rollback',
    exclusive: true,
    stillHolds: (log) => keptStates(log).find(({ rolledBack }) => !rolledBack)?.runId === restoreRunId,
    outcomeOf: () => 'completed',
    steps: [
      ...stops,
      closing(stops.at(-1)!.name, database),
      ...backs,
      opening(backs.at(-1)?.name ?? 'close', database),
      ...starts,
      step('check.serving', [starts.at(-1)!.name], {
        ...command('verifier', 'CheckLive', liveRequest),
        site: hooks[0]!,
      }),
      { ...step('commit', ['check.serving'], { local: 'commit-rollback' }), attemptsMax: 3 },
    ],
  };
}

function back(place: KeptPlace, after: string): SagaStep {
  const part = { component: place.staged.component, site: place.site ?? LOCAL };
  const request = (): Json => place as unknown as Json;
  return {
    ...step(nameOf(place), [after], commandTo(part, 'UndoPivot', request)),
    deadlines: within(30 * MINUTE_MS),
    pivot: true,
    undo: { work: commandTo(part, 'PivotRestore', request) },
  };
}

function nameOf({ staged, site = LOCAL }: KeptPlace): string {
  return nameAt(`back.${staged.component}`, site);
}

function liveRequest({ parameters }: RunHeader): Json {
  const { backupId } = parseWith(rollbackParameters, parameters, 'rollback parameters');
  return { backupId, phase: 'serving', snapshots: [], staged: [] };
}
