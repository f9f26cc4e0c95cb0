import { z } from 'zod';
import { snapshotRef as snapshotRefSchema, staged, type Staged } from '#libs/contracts/requests.ts';
import { parseRelocation } from '#libs/contracts/relocation.ts';
import { parseWith } from '#libs/contracts/step.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { CommandWork, Outcomes, Saga, SagaStep } from '#libs/saga/define.ts';
import type { RunHeader } from '#libs/saga/journal.ts';
import { command, hook, step, WORKERS, type ComponentName } from './steps.ts';

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
  snapshots: z.array(snapshotRefSchema),
});
export type RestoreParameters = z.infer<typeof restoreParameters>;

/** Side by side (a relocation that leaves the application alone) nothing living is stopped or closed. */
export function isBeside({ relocationJson = '' }: Pick<RunHeader, 'relocationJson'>): boolean {
  return parseRelocation(relocationJson)?.application === 'leave-alone';
}

/** Of the three components those that are restored; the rest of the living system stays as it is. */
export function restoreSaga(header: Pick<RunHeader, 'parameters' | 'relocationJson'>): Saga {
  const { parameters } = header;
  const beside = isBeside(header);
  const components = componentsOf(parameters);
  const stages = components.map(stage);
  // Configuration, files, and last the database: its rename is one transaction.
  const pivots = components
    .toReversed()
    .map((component, at, all) =>
      pivot(component, at === 0 ? (beside ? 'verify.staged' : 'close') : `pivot.${all[at - 1]}`),
    );
  const lastPivot = pivots.at(-1)!.name;
  return {
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
      {
        ...step('verify.packs', ['preflight'], command('verifier', 'VerifyPacks', packsRequest)),
        looksOnly: true,
      },
      ...stages,
      step(
        'verify.staged',
        stages.map(({ name }) => name),
        command('verifier', 'VerifyStaged', verifyRequest),
      ),
      ...(beside ? [] : closingDoors()),
      ...pivots,
      // A switched database is open already; where it stays the old one, this is what opens it.
      ...(beside
        ? []
        : [
            step(
              'open',
              [lastPivot],
              command('db-snapshot', 'OpenDatabase', () => ({})),
            ),
          ]),
      step(
        'check.restored',
        [beside ? lastPivot : 'open'],
        command('verifier', 'CheckLive', liveRequest('restored')),
      ),
      ...(beside ? [] : serving()),
      {
        name: 'commit',
        after: [beside ? 'check.restored' : 'check.serving'],
        work: { local: 'commit-restore' },
        attemptsMax: 3,
        deadlineMs: HOUR_MS,
      },
    ],
  };
}

function closingDoors(): readonly SagaStep[] {
  return [
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
  ];
}

function serving(): readonly SagaStep[] {
  return [
    step('reset', ['check.restored'], hook('reset')),
    { ...step('start', ['reset'], hook('start')), undo: { work: hook('stop'), tolerated: true } },
    step('check.serving', ['start'], command('verifier', 'CheckLive', liveRequest('serving'))),
  ];
}

function stage(component: ComponentName): SagaStep {
  const request = (header: RunHeader): Json => ({ snapshot: { ...snapshotRef(header, component) } });
  return {
    ...step(`stage.${component}`, ['verify.packs'], command(WORKERS[component], 'StageRestore', request)),
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

function packsRequest({ parameters }: RunHeader): Json {
  const { backupId, snapshots } = parametersOf(parameters);
  return { backupId, snapshots } as unknown as Json;
}

function verifyRequest(header: RunHeader, outcomes: Outcomes): Json {
  return pick(header, outcomes);
}

function liveRequest(phase: 'restored' | 'serving'): CommandWork['request'] {
  return (header, outcomes) => ({ phase, ...pick(header, outcomes) });
}

function pick(header: RunHeader, outcomes: Outcomes): { readonly [key: string]: Json } {
  const { backupId, snapshots } = parametersOf(header.parameters);
  const stages = componentsOf(header.parameters).map((component) => stagedOf(outcomes, component));
  return { backupId, snapshots, staged: stages } as unknown as { [key: string]: Json };
}

function parametersOf(parameters: Json): RestoreParameters {
  return parseWith(restoreParameters, parameters, 'restore parameters');
}

/** In the order in which they are staged. */
function componentsOf(parameters: Json): readonly ComponentName[] {
  const given = new Set(parametersOf(parameters).snapshots.map(({ component }) => component));
  return (['database', 'files', 'config'] as const).filter((component) => given.has(component));
}

function snapshotRef(header: RunHeader, component: ComponentName) {
  return parametersOf(header.parameters).snapshots.find((snapshot) => snapshot.component === component)!;
}

function stagedOf(outcomes: Outcomes, component: ComponentName): Staged {
  return parseWith(staged, outcomes[`stage.${component}`], `outcome of stage.${component}`);
}
