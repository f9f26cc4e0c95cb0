import { z } from 'zod';
import { releaseRequest } from '#libs/contracts/requests.ts';
import { parseWith } from '#libs/contracts/step.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { Saga, SagaStep } from '#libs/saga/define.ts';
import type { RunHeader } from '#libs/saga/journal.ts';
import { command, hook, step, WORKERS, type ComponentName } from './steps.ts';

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

export function rollbackSaga({ parameters }: Pick<RunHeader, 'parameters'>): Saga {
  const { states } = parseWith(rollbackParameters, parameters, 'rollback parameters');
  // The database first: it is then the last to be switched again, when the restored state has to come back.
  const backs = (['database', 'files', 'config'] as const)
    .flatMap((component) => states.filter(({ staged }) => staged.component === component))
    .map((place, at, all) => back(place, at === 0 ? 'close' : nameOf(all[at - 1]!)));
  return {
    kind: 'rollback',
    exclusive: true,
    outcomeOf: () => 'completed',
    steps: [
      { ...step('stop', [], hook('stop')), undo: { work: hook('start'), tolerated: true } },
      {
        ...step(
          'close',
          ['stop'],
          command('db-snapshot', 'CloseDatabase', () => ({})),
        ),
        undo: { work: command('db-snapshot', 'OpenDatabase', () => ({})) },
      },
      ...backs,
      step(
        'open',
        [backs.at(-1)?.name ?? 'close'],
        command('db-snapshot', 'OpenDatabase', () => ({})),
      ),
      { ...step('start', ['open'], hook('start')), undo: { work: hook('stop'), tolerated: true } },
      step('check.serving', ['start'], command('verifier', 'CheckLive', liveRequest)),
      { ...step('commit', ['check.serving'], { local: 'commit-rollback' }), attemptsMax: 3 },
    ],
  };
}

function back(place: KeptPlace, after: string): SagaStep {
  const component: ComponentName = place.staged.component;
  const request = (): Json => place as unknown as Json;
  return {
    ...step(nameOf(place), [after], command(WORKERS[component], 'UndoPivot', request)),
    deadlineMs: 30 * MINUTE_MS,
    undo: { work: command(WORKERS[component], 'PivotRestore', request) },
  };
}

function nameOf({ staged }: KeptPlace): string {
  return `back.${staged.component}`;
}

function liveRequest({ parameters }: RunHeader): Json {
  const { backupId } = parseWith(rollbackParameters, parameters, 'rollback parameters');
  return { backupId, phase: 'serving', snapshots: [], staged: [] };
}
