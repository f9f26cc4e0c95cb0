import { z } from 'zod';
import { openSandboxOutcome } from '#libs/contracts/sandbox.ts';
import { snapshotRef, staged, verifyOutcome, type Staged } from '#libs/contracts/requests.ts';
import { parseWith, type Verb } from '#libs/contracts/step.ts';
import type { WorkerName } from '#libs/contracts/services.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { CommandWork, Outcomes, Saga, SagaStep } from '#libs/saga/define.ts';
import type { RunHeader } from '#libs/saga/journal.ts';

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

const WORKERS = { database: 'db-snapshot', files: 'file-snapshot', config: 'config-vault' } as const;
const COMPONENTS = ['database', 'files', 'config'] as const;
type Component = (typeof COMPONENTS)[number];

export const drillSaga: Saga = {
  kind: 'drill',
  exclusive: false,
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
    ...COMPONENTS.map((component) =>
      inSandbox(`stage.${component}`, ['sandbox.open'], WORKERS[component], 'StageRestore', (header) => ({
        snapshot: parametersOf(header).snapshots.find((ref) => ref.component === component)!,
      })),
    ),
    inSandbox(
      'verify.staged',
      COMPONENTS.map((component) => `stage.${component}`),
      'verifier',
      'VerifyStaged',
      stagedRequest,
    ),
    pivot('config', 'verify.staged'),
    pivot('files', 'pivot.config'),
    pivot('database', 'pivot.files'),
    step(
      'verify.application',
      ['pivot.database'],
      command('verifier', 'VerifyApplication', applicationRequest),
    ),
    step(
      'sandbox.close',
      ['verify.application'],
      command('verifier', 'CloseSandbox', () => ({})),
    ),
  ],
};

/** No second attempt: what fails in a drill is the finding. */
function step(name: string, after: readonly string[], work: CommandWork): SagaStep {
  return { name, after, work, attemptsMax: 1, deadlineMs: 24 * HOUR_MS };
}

function command(service: WorkerName, verb: Verb, request: CommandWork['request']): CommandWork {
  return { service, verb, request };
}

function inSandbox(
  name: string,
  after: readonly string[],
  service: WorkerName,
  verb: Verb,
  request: (header: RunHeader, outcomes: Outcomes) => unknown,
): SagaStep {
  const work = command(service, verb, (header, outcomes) => request(header, outcomes) as Json);
  return step(name, after, { ...work, relocation: (_, outcomes) => openedIn(outcomes).relocationJson });
}

function pivot(component: Component, after: string): SagaStep {
  return inSandbox(`pivot.${component}`, [after], WORKERS[component], 'PivotRestore', (_, outcomes) => ({
    staged: stagedOf(outcomes, component),
  }));
}

function stagedRequest(header: RunHeader, outcomes: Outcomes) {
  const { backupId, snapshots } = parametersOf(header);
  return { backupId, snapshots, staged: allStaged(outcomes) };
}

function applicationRequest(header: RunHeader, outcomes: Outcomes): Json {
  const { checks } = parseWith(verifyOutcome, outcomes['verify.staged'], 'outcome of verify.staged');
  return {
    backupId: parametersOf(header).backupId,
    sandbox: openedIn(outcomes).sandbox,
    staged: allStaged(outcomes),
    earlier: checks,
  } as unknown as Json;
}

function allStaged(outcomes: Outcomes): readonly Staged[] {
  return COMPONENTS.map((component) => stagedOf(outcomes, component));
}

function stagedOf(outcomes: Outcomes, component: Component): Staged {
  return parseWith(staged, outcomes[`stage.${component}`], `outcome of stage.${component}`);
}

function openedIn(outcomes: Outcomes) {
  return parseWith(openSandboxOutcome, outcomes['sandbox.open'], 'outcome of sandbox.open');
}

function parametersOf(header: RunHeader): DrillParameters {
  return parseWith(drillParameters, header.parameters, 'drill parameters');
}
