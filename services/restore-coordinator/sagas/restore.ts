import { z } from 'zod';
import { staged, type Staged } from '#libs/contracts/requests.ts';
import { parseWith, type Verb } from '#libs/contracts/step.ts';
import type { WorkerName } from '#libs/contracts/services.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { CommandWork, Outcomes, Saga, SagaStep } from '#libs/saga/define.ts';
import type { RunHeader } from '#libs/saga/journal.ts';

/**
 * Restore in place: everything is written and proved beside the old state; then the application is stopped and the
 * three components are switched, the database last; looked at; started; asked. Each step from `stage` on has its
 * inverse, so a failure anywhere puts the old state back. The last entry, `commit`, is what cannot be taken back.
 */
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

export const restoreParameters = z.object({
  backupId: z.string(),
  manifestDigest: z.string(),
  planDigest: z.string(),
  snapshots: z.array(
    z.object({ component: z.enum(['database', 'files', 'config']), id: z.string(), digest: z.string() }),
  ),
});
export type RestoreParameters = z.infer<typeof restoreParameters>;

export type ComponentName = 'database' | 'files' | 'config';
const WORKERS = {
  database: 'db-snapshot',
  files: 'file-snapshot',
  config: 'config-vault',
} as const satisfies Record<ComponentName, WorkerName>;

export const restoreSaga: Saga = {
  kind: 'restore',
  exclusive: true,
  outcomeOf: () => 'completed',
  steps: [
    {
      name: 'preflight',
      after: [],
      work: { local: 'preflight-restore' },
      attemptsMax: 2,
      deadlineMs: HOUR_MS,
    },
    stage('database'),
    stage('files'),
    stage('config'),
    step(
      'verify.staged',
      ['stage.database', 'stage.files', 'stage.config'],
      command('verifier', 'VerifyStaged', verifyRequest),
    ),
    { ...step('stop', ['verify.staged'], hook('stop')), undo: { work: hook('start'), tolerated: true } },
    // From here to the last pivot there is no database to start on: nobody works on a mixture.
    {
      ...step(
        'close',
        ['stop'],
        command('db-snapshot', 'CloseDatabase', () => ({})),
      ),
      undo: { work: command('db-snapshot', 'OpenDatabase', () => ({})) },
    },
    pivot('config', 'close'),
    pivot('files', 'pivot.config'),
    // Last: its rename is one transaction.
    pivot('database', 'pivot.files'),
    step(
      'check.restored',
      ['pivot.database'],
      command('verifier', 'CheckLive', (header, outcomes) => ({
        phase: 'restored',
        ...pick(header, outcomes),
      })),
    ),
    step('reset', ['check.restored'], hook('reset')),
    { ...step('start', ['reset'], hook('start')), undo: { work: hook('stop'), tolerated: true } },
    step(
      'check.serving',
      ['start'],
      command('verifier', 'CheckLive', (header, outcomes) => ({
        phase: 'serving',
        ...pick(header, outcomes),
      })),
    ),
    {
      name: 'commit',
      after: ['check.serving'],
      work: { local: 'commit-restore' },
      attemptsMax: 3,
      deadlineMs: HOUR_MS,
    },
  ],
};

function step(name: string, after: readonly string[], work: CommandWork): SagaStep {
  return { name, after, work, attemptsMax: 2, deadlineMs: 24 * HOUR_MS };
}

function command(service: WorkerName, verb: Verb, request: CommandWork['request']): CommandWork {
  return { service, verb, request };
}

function stage(component: ComponentName): SagaStep {
  const request = (header: RunHeader): Json => ({ snapshot: { ...snapshotRef(header, component) } });
  return {
    ...step(`stage.${component}`, ['preflight'], command(WORKERS[component], 'StageRestore', request)),
    undo: { work: command(WORKERS[component], 'DiscardStage', () => ({})) },
  };
}

function pivot(component: ComponentName, after: string): SagaStep {
  const request = (_: RunHeader, outcomes: Outcomes): Json =>
    ({ staged: { ...stagedOf(outcomes, component) } }) as unknown as Json;
  return {
    ...step(`pivot.${component}`, [after], command(WORKERS[component], 'PivotRestore', request)),
    deadlineMs: 30 * MINUTE_MS,
    undo: { work: command(WORKERS[component], 'UndoPivot', request) },
  };
}

function hook(name: 'stop' | 'reset' | 'start'): CommandWork {
  return command('config-vault', 'RunHook', () => ({ hook: name }));
}

function verifyRequest(header: RunHeader, outcomes: Outcomes): Json {
  return pick(header, outcomes);
}

function pick(header: RunHeader, outcomes: Outcomes): { readonly [key: string]: Json } {
  const { backupId, snapshots } = parseWith(restoreParameters, header.parameters, 'restore parameters');
  return {
    backupId,
    snapshots,
    staged: (['database', 'files', 'config'] as const).map((component) => stagedOf(outcomes, component)),
  } as unknown as { [key: string]: Json };
}

function snapshotRef(header: RunHeader, component: ComponentName) {
  const { snapshots } = parseWith(restoreParameters, header.parameters, 'restore parameters');
  return snapshots.find((snapshot) => snapshot.component === component)!;
}

function stagedOf(outcomes: Outcomes, component: ComponentName): Staged {
  return parseWith(staged, outcomes[`stage.${component}`], `outcome of stage.${component}`);
}
