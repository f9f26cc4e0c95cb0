import { z } from 'zod';
import {
  snapshotRef as snapshotRefSchema,
  staged,
  type SnapshotRef,
  type Staged,
} from '#libs/contracts/requests.ts';
import { chosenTables, parseRelocation } from '#libs/contracts/relocation.ts';
import { COMPONENTS, LOCAL, nameAt, type Part, type Sites } from '#libs/contracts/sites.ts';
import { parseWith } from '#libs/contracts/step.ts';
import type { Json } from '#libs/kernel/json.ts';
import { within, type Outcomes, type Saga, type SagaStep } from '#libs/saga/define.ts';
import { sitesOfRun, type RunHeader } from '#libs/saga/journal.ts';
import { closing, command, commandTo, hookSteps, opening, step, stillThere } from './steps.ts';

/**
 * Restore in place: everything is written and proved beside the old state; then the application is stopped and the
 * parts are switched, wherever they are, the database last; looked at; started; asked. Each step from `stage` on has its
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

/** Of the parts those that are restored; the rest of the living system stays as it is. */
export function restoreSaga(header: Pick<RunHeader, 'parameters' | 'relocationJson' | 'sites'>): Saga {
  const beside = isBeside(header);
  const sites = sitesOfRun(header);
  const parts = partsOfSnapshots(parametersOf(header).snapshots);
  if (chosenTables(header) !== undefined) return tablesSaga(header, parts[0]!);
  const stages = parts.map((part) => stage(part, 'verify.packs'));
  const staged = eachSite('verify.staged', namesOf(stages), 'VerifyStaged', parts);
  // Configuration, files, and last the database: its rename is one transaction.
  const pivots = parts
    .toReversed()
    .map((part, at, all) =>
      pivot(part, at > 0 ? [pivotOf(all[at - 1]!)] : beside ? namesOf(staged) : ['close']),
    );
  const lastPivot = pivots.at(-1)!.name;
  // A switched database is open already; where it stays the old one, this is what opens it.
  const open = beside ? [] : [opening(lastPivot, sites.database)];
  const restored = eachSite('check.restored', [beside ? lastPivot : 'open'], 'CheckLive', parts);
  return {
    kind: 'restore',
    exclusive: true,
    stillHolds: stillThere(header),
    outcomeOf: () => 'completed',
    steps: [
      preflight,
      {
        ...step('verify.packs', ['preflight'], command('verifier', 'VerifyPacks', packsRequest)),
        looksOnly: true,
      },
      ...stages,
      ...staged,
      ...(beside ? [] : closingDoors(namesOf(staged), sites)),
      ...pivots,
      ...open,
      ...restored,
      ...(beside ? [] : serving(namesOf(restored), sites)),
      {
        name: 'commit',
        after: beside ? namesOf(restored) : ['check.serving'],
        work: { local: 'commit-restore' },
        attemptsMax: 3,
        deadlines: within(HOUR_MS),
      },
    ],
  };
}

const preflight: SagaStep = {
  name: 'preflight',
  after: [],
  work: { local: 'preflight-restore' },
  attemptsMax: 2,
  deadlines: within(HOUR_MS),
};

/**
 * Some tables, in a database of their own: proved where it is staged, and given its name last. No living part is
 * touched, so backups and whole restores of the deployment may run meanwhile.
 */
function tablesSaga(header: Pick<RunHeader, 'parameters'>, part: Part): Saga {
  return {
    kind: 'restore',
    exclusive: false,
    stillHolds: stillThere(header),
    outcomeOf: () => 'completed',
    steps: [
      preflight,
      stage(part, 'preflight'),
      pivot(part, [stageOf(part)]),
      { ...step('commit', [pivotOf(part)], { local: 'commit-tables' }), attemptsMax: 3 },
    ],
  };
}

function closingDoors(after: readonly string[], { hooks, database }: Sites): readonly SagaStep[] {
  const stops = hookSteps('stop', after, hooks);
  return [
    ...stops,
    // From here to the last pivot there is no database to start on: nobody works on a mixture.
    closing(stops.at(-1)!.name, database),
  ];
}

function serving(after: readonly string[], { hooks }: Sites): readonly SagaStep[] {
  const asked = command('verifier', 'CheckLive', ({ parameters }) => ({
    backupId: parametersOf({ parameters }).backupId,
    phase: 'serving',
    snapshots: [],
    staged: [],
  }));
  const resets = hookSteps('reset', after, hooks);
  const starts = hookSteps('start', [resets.at(-1)!.name], hooks.toReversed());
  return [...resets, ...starts, step('check.serving', [starts.at(-1)!.name], { ...asked, site: hooks[0]! })];
}

function stage(part: Part, after: string): SagaStep {
  const request = (header: RunHeader): Json =>
    ({ snapshot: { ...snapshotOfPart(parametersOf(header).snapshots, part) } }) as Json;
  return {
    ...step(stageOf(part), [after], commandTo(part, 'StageRestore', request)),
    undo: { work: commandTo(part, 'DiscardStage', () => ({})) },
  };
}

function pivot(part: Part, after: readonly string[]): SagaStep {
  const request = (_: RunHeader, outcomes: Outcomes): Json =>
    ({ staged: { ...stagedOf(outcomes, part) } }) as unknown as Json;
  return {
    ...step(pivotOf(part), after, commandTo(part, 'PivotRestore', request)),
    deadlines: within(30 * MINUTE_MS),
    pivot: true,
    undo: { work: commandTo(part, 'UndoPivot', request) },
  };
}

/** A look at every site: what lies there is seen there alone. */
function eachSite(
  name: string,
  after: readonly string[],
  verb: 'VerifyStaged' | 'CheckLive',
  parts: readonly Part[],
): readonly SagaStep[] {
  return [...new Set(parts.map(({ site }) => site))].map((site) => {
    const here = parts.filter((part) => part.site === site);
    const request = (header: RunHeader, outcomes: Outcomes): Json =>
      ({
        ...(verb === 'CheckLive' ? { phase: 'restored' } : {}),
        backupId: parametersOf(header).backupId,
        snapshots: here.map((part) => snapshotOfPart(parametersOf(header).snapshots, part)),
        staged: here.map((part) => stagedOf(outcomes, part)),
      }) as unknown as Json;
    return step(nameAt(name, site), after, { ...command('verifier', verb, request), site });
  });
}

/** Name of the step that stages a part. */
export const stageOf = ({ component, site }: Part) => nameAt(`stage.${component}`, site);
/** Name of the step that switches a part. */
export const pivotOf = ({ component, site }: Part) => nameAt(`pivot.${component}`, site);
const namesOf = (steps: readonly SagaStep[]) => steps.map(({ name }) => name);

function packsRequest(header: RunHeader): Json {
  const { backupId, snapshots } = parametersOf(header);
  return { backupId, snapshots } as unknown as Json;
}

function parametersOf({ parameters }: Pick<RunHeader, 'parameters'>): RestoreParameters {
  return parseWith(restoreParameters, parameters, 'restore parameters');
}

/** In the order in which they are staged. */
export function partsOfSnapshots(snapshots: readonly SnapshotRef[]): readonly Part[] {
  return COMPONENTS.flatMap((component) =>
    snapshots
      .filter((snapshot) => snapshot.component === component)
      .map(({ site = LOCAL }) => ({ component, site })),
  );
}

/** What preflight is asked for a restore: at the plan, and again by the run itself. */
export function restoreQuestion(target: {
  readonly deployment: string;
  readonly specVersion: number;
  readonly snapshots: readonly SnapshotRef[];
  readonly relocationJson: string;
}) {
  return { ...target, purpose: 'PURPOSE_RESTORE', parts: partsOfSnapshots(target.snapshots) } as const;
}

/** The snapshot of a part that the run is about. */
export function snapshotOfPart(snapshots: readonly SnapshotRef[], { component, site }: Part): SnapshotRef {
  return snapshots.find((ref) => ref.component === component && (ref.site ?? LOCAL) === site)!;
}

/** Where the run staged a part. */
export function stagedOf(outcomes: Outcomes, part: Part): Staged {
  return parseWith(staged, outcomes[stageOf(part)], `outcome of ${stageOf(part)}`);
}
