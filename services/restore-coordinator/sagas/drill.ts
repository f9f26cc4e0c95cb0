import { z } from 'zod';
import { openSandboxOutcome } from '#libs/contracts/sandbox.ts';
import { snapshotRef, verifyOutcome } from '#libs/contracts/requests.ts';
import type { Part } from '#libs/contracts/sites.ts';
import { parseWith, type Verb } from '#libs/contracts/step.ts';
import type { ServiceName } from '#libs/contracts/services.ts';
import type { Json } from '#libs/kernel/json.ts';
import { within, type CommandWork, type Outcomes, type Saga, type SagaStep } from '#libs/saga/define.ts';
import type { RunHeader } from '#libs/saga/journal.ts';
import { partsOfSnapshots, pivotOf, snapshotOfPart, stagedOf, stageOf } from './restore.ts';
import { command, stillThere, WORKERS } from './steps.ts';

/**
 * Drill: a backup is restored into a sandbox, by the very verbs of a restore, proved there, and asked as an application
 * that has no way to the original. Shared: the living system is not touched. Whatever happens, the sandbox is removed.
 */
const HOUR_MS = 3_600_000;

export const drillParameters = z.object({
  backupId: z.string(),
  manifestDigest: z.string(),
  snapshots: z.array(snapshotRef),
  needs: z.object({ extensions: z.array(z.string()), serverMajor: z.int() }),
});
type DrillParameters = z.infer<typeof drillParameters>;

export function drillSaga(header: Pick<RunHeader, 'parameters'>): Saga {
  const parts = partsOfDrill(header);
  const pivots = parts
    .toReversed()
    .map((part, at, all) => pivot(part, at === 0 ? 'verify.staged' : pivotOf(all[at - 1]!)));
  return {
    kind: 'drill',
    exclusive: false,
    stillHolds: stillThere(header),
    outcomeOf: () => 'completed',
    steps: [
      {
        ...step('sandbox.open', [], {
          service: 'verifier',
          verb: 'OpenSandbox',
          request: (header) => ({ needs: parametersOf(header).needs }),
        }),
        undo: { work: command('verifier', 'CloseSandbox', () => ({})) },
      },
      ...parts.map((part, at) =>
        inSandbox(
          stageOf(part),
          [beforeStage(part, parts[at - 1])],
          WORKERS[part.component],
          'StageRestore',
          (run) => ({
            snapshot: snapshotOfPart(parametersOf(run).snapshots, part),
          }),
        ),
      ),
      inSandbox('verify.staged', parts.map(stageOf), 'verifier', 'VerifyStaged', stagedRequest),
      ...pivots,
      step(
        'verify.application',
        [pivots.at(-1)!.name],
        command('verifier', 'VerifyApplication', applicationRequest),
      ),
      step(
        'sandbox.close',
        ['verify.application'],
        command('verifier', 'CloseSandbox', () => ({})),
      ),
    ],
  };
}

/** A worker does one thing of a run at a time: the same component of several sites is staged one after the other. */
function beforeStage(part: Part, previous: Part | undefined): string {
  return previous?.component === part.component ? stageOf(previous) : 'sandbox.open';
}

/** Where a part came from names its steps; all of them are done where the sandbox is. */
function partsOfDrill(header: Pick<RunHeader, 'parameters'>): readonly Part[] {
  return partsOfSnapshots(parametersOf(header).snapshots);
}

/** No second attempt: what fails in a drill is the finding. */
function step(name: string, after: readonly string[], work: CommandWork): SagaStep {
  return { name, after, work, attemptsMax: 1, deadlines: within(24 * HOUR_MS) };
}

function inSandbox(
  name: string,
  after: readonly string[],
  service: ServiceName,
  verb: Verb,
  request: (header: RunHeader, outcomes: Outcomes) => unknown,
): SagaStep {
  const work = command(service, verb, (header, outcomes) => request(header, outcomes) as Json);
  return step(name, after, { ...work, relocation: (_, outcomes) => openedIn(outcomes).relocationJson });
}

function pivot(part: Part, after: string): SagaStep {
  return inSandbox(pivotOf(part), [after], WORKERS[part.component], 'PivotRestore', (_, outcomes) => ({
    staged: stagedOf(outcomes, part),
  }));
}

function stagedRequest(header: RunHeader, outcomes: Outcomes) {
  const parts = partsOfDrill(header);
  return {
    backupId: parametersOf(header).backupId,
    snapshots: parts.map((part) => snapshotOfPart(parametersOf(header).snapshots, part)),
    staged: parts.map((part) => stagedOf(outcomes, part)),
  };
}

function applicationRequest(header: RunHeader, outcomes: Outcomes): Json {
  const { checks } = parseWith(verifyOutcome, outcomes['verify.staged'], 'outcome of verify.staged');
  return {
    backupId: parametersOf(header).backupId,
    sandbox: openedIn(outcomes).sandbox,
    staged: partsOfDrill(header).map((part) => stagedOf(outcomes, part)),
    earlier: checks,
  } as unknown as Json;
}

function openedIn(outcomes: Outcomes) {
  return parseWith(openSandboxOutcome, outcomes['sandbox.open'], 'outcome of sandbox.open');
}

function parametersOf(header: Pick<RunHeader, 'parameters'>): DrillParameters {
  return parseWith(drillParameters, header.parameters, 'drill parameters');
}
