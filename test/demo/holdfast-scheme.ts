import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { writeSecret } from '#services/operator/cli/init/services-env.ts';
import { holdfastOn, type Holdfast, type Spoken } from './holdfast.ts';
import { hooksOf, type World } from './world.ts';

/** A running stack on a home of its own; disposing stops it. */
export interface RunningStack extends AsyncDisposable {
  readonly holdfast: Holdfast;
  readonly home: string;
}

export async function startHoldfast(options: {
  home: string;
  store: string;
  env: Readonly<Record<string, string>>;
  through?: readonly string[];
  inline?: boolean | undefined;
}): Promise<RunningStack> {
  const { home, store, inline, ...how } = options;
  const holdfast = holdfastOn(home, how);
  await holdfast.expect(0, 'up', '--detach', '--store', store, ...(inline === true ? ['--inline'] : []));
  return {
    holdfast,
    home,
    [Symbol.asyncDispose]: async () => void (await holdfast.expect(0, 'down')),
  };
}

/** `init` looks for itself; what only a person knows (hooks, checks, an administrator's address) is added to its spec. */
export async function declareWorld(stack: RunningStack, world: World): Promise<string> {
  await writeSecret(join(stack.home, 'services.env'), 'REGISTRAR_ADMIN_URL', world.postgres.superuserUrl);
  const { answer } = await stack.holdfast.expect(0, 'init', '--app', world.app, '--python', world.python);
  const { deployment, specFile } = answer as { deployment: string; specFile: string };
  const spec = parseDocument(await readFile(specFile, 'utf8'));
  spec.set('hooks', spec.createNode(hooksOf(world)));
  spec.set(
    'checks',
    spec.createNode([{ name: 'health', http: { url: `${world.baseUrl}/health`, status: 200 } }]),
  );
  await writeFile(specFile, String(spec));
  await stack.holdfast.expect(0, 'init', '--spec', specFile);
  return deployment;
}

export interface BackupFacts {
  readonly id: string;
  readonly tables: number;
  readonly rows: number;
  readonly sequences: number;
  readonly files: number;
  readonly bytes: number;
  readonly durationMs: number;
}

/** What a manifest says is not in the backup, or not as one. */
export interface LeftOut {
  readonly what: string;
  readonly reason: string;
  readonly partial: boolean;
}

export interface CoverageRow {
  readonly category: string;
  readonly records: number;
  readonly covered: boolean;
}

interface SpokenRun {
  readonly runId: string;
  readonly state: string;
  readonly openedAt: string;
  readonly finishedAt: string;
  readonly steps: readonly {
    readonly name: string;
    readonly startedAt: string;
    readonly finishedAt: string;
  }[];
}

interface SpokenBackup {
  readonly backupId: string;
  readonly coverage: readonly {
    readonly category: string;
    readonly records: string;
    readonly covered: boolean;
  }[];
  readonly manifest: {
    readonly leftOut: readonly LeftOut[];
    readonly snapshots: readonly {
      readonly component: string;
      readonly sourceBytes: number;
      readonly facts: Readonly<Record<string, unknown>>;
    }[];
  };
}

/** Numbers of a committed backup, as the manifest states them. */
export function backupFacts(spoken: Spoken): {
  facts: BackupFacts;
  coverage: readonly CoverageRow[];
  leftOut: readonly LeftOut[];
} {
  const { backup, run } = spoken.answer as unknown as { backup: SpokenBackup; run: SpokenRun };
  const { snapshots } = backup.manifest;
  const database = snapshots.find(({ component }) => component === 'database')!.facts;
  const roots = snapshots.flatMap(({ facts }) => (facts['roots'] ?? []) as readonly { files: number }[]);
  const number = (name: string) => Number(database[name]);
  return {
    facts: {
      id: backup.backupId,
      tables: number('tables'),
      rows: number('rows'),
      sequences: number('sequences'),
      files: roots.reduce((sum, root) => sum + root.files, 0),
      bytes: snapshots.reduce((sum, { sourceBytes }) => sum + sourceBytes, 0),
      durationMs: tookMs(run),
    },
    leftOut: backup.manifest.leftOut,
    coverage: backup.coverage.map(({ category, records, covered }) => ({
      category,
      records: Number(records),
      covered,
    })),
  };
}

export interface Check {
  readonly name: string;
  readonly level: number;
  readonly ok: boolean;
  readonly detail: string;
}

export function restoreFacts(spoken: Spoken) {
  const { run } = spoken.answer as unknown as { run?: SpokenRun };
  // Refused at the plan: there was no run.
  if (run === undefined) return { runId: '', durationMs: 0, phases: [] };
  const phases = run.steps
    .filter(({ finishedAt }) => finishedAt !== '')
    .map(({ name, startedAt, finishedAt }) => ({ name, ms: Date.parse(finishedAt) - Date.parse(startedAt) }));
  return { runId: run.runId, durationMs: tookMs(run), phases };
}

/** Every check that a run's steps reported. */
export function checksOf(spoken: Spoken): readonly Check[] {
  return spoken.lines.flatMap(({ event }) => {
    const detail = (event as { detail?: { outcome?: { checks?: readonly Check[] } } } | undefined)?.detail;
    return detail?.outcome?.checks ?? [];
  });
}

function tookMs({ openedAt, finishedAt }: SpokenRun): number {
  return Date.parse(finishedAt) - Date.parse(openedAt);
}
