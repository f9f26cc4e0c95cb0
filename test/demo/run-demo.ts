import { join } from 'node:path';
import legacyRed from '#test/findings/legacy-red.json' with { type: 'json' };
import { FINDINGS } from '#test/findings/findings.ts';
import { describeSystem, judge, observeWhole, type OracleState, type Verdict } from './judge.ts';
import {
  backupFacts,
  checksOf,
  declareWorld,
  restoreFacts,
  startHoldfast,
  type BackupFacts,
  type Check,
  type CoverageRow,
  type RunningStack,
} from './holdfast-scheme.ts';
import { SCENARIOS, type ScenarioName } from './scenarios/all.ts';
import { sabotage, type SabotageName } from './scenarios/sabotage.ts';
import type { Played, Sabotaged } from './theatre.ts';
import { backupLegacy, restoreLegacy } from './legacy.ts';
import { connectedness, openTraceReceiver } from './trace-receiver.ts';
import { createWorld, destroyWorld, workInIt, type World } from './world.ts';

export interface DemoOptions {
  readonly scheme: 'holdfast' | 'legacy';
  readonly store: 'disk' | 'minio';
  /** Harm done before the restore, instead of a scenario. */
  readonly sabotage?: SabotageName;
  /** Total loss when absent. */
  readonly scenario?: ScenarioName;
  readonly scale: 'seed' | 'small';
  readonly rows: number;
  readonly files: number;
  readonly seed: number;
  /** Everything is made below it; the caller removes it. */
  readonly folder: string;
  readonly onNote: (note: string) => void;
  /** Services export their spans; off where their memory is measured as most people run them. */
  readonly traced?: boolean;
  /** Looks at the running stack: when it idles after its start, and when the restore is done. */
  readonly onStack?: (stack: RunningStack, moment: 'idle' | 'restored') => Promise<void>;
}

/** What the last line of `npm run demo -- --json` says. */
export interface DemoResult {
  readonly ok: boolean;
  readonly scheme: string;
  readonly scenario: ScenarioName;
  readonly store: string;
  readonly backup: Partial<BackupFacts>;
  readonly restore: {
    readonly runId: string;
    readonly durationMs: number;
    readonly phases: readonly { readonly name: string; readonly ms: number }[];
    readonly manualSteps: number;
  };
  readonly oracle: Verdict;
  readonly checks: readonly Check[];
  readonly coverage: readonly CoverageRow[];
  readonly sabotage?: Sabotaged;
  /** What the scenario promises besides: whether it held. */
  readonly promises: Readonly<Record<string, boolean>>;
  readonly trace: { readonly traceId: string; readonly spans: number; readonly orphans: number };
  /** The analysis's findings as they stand after this scheme's restore; only where the scheme is judged by them. */
  readonly findings?: { readonly red: readonly string[]; readonly asCommitted: boolean };
}

type SchemeResult = Omit<DemoResult, 'scheme' | 'scenario' | 'store'>;

/** A real EDMS is worked in, backed up, harmed, brought back by the scheme, and judged by the oracle. */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const { folder, onNote, scheme, scenario = 'loss' } = options;
  onNote('a document-management system is made and started');
  await using world = await createWorld({ ...options, folder: join(folder, 'world') });
  onNote(
    `somebody works in it at ${world.baseUrl}: logs in and stays logged in, files documents, moves one on`,
  );
  await workInIt(world, options.seed);
  const result = await (scheme === 'holdfast' ? byHoldfast(world, options) : byLegacy(world, options));
  return { scheme, scenario, store: options.store, ...result };
}

async function byHoldfast(world: World, options: DemoOptions): Promise<SchemeResult> {
  const { folder, store, onNote, onStack, seed, traced = true, scenario = 'loss' } = options;
  await using receiver = await openTraceReceiver();
  const env = { ...world.environment, OTEL_EXPORTER_OTLP_ENDPOINT: traced ? receiver.endpoint : '' };
  let played: Played;
  {
    onNote(`holdfast up --store ${store}: bus, store and five services`);
    await using stack = await startHoldfast({ home: join(folder, 'home'), store, env });
    await onStack?.(stack, 'idle');
    onNote('holdfast init: looks at the application and declares it');
    const deployment = await declareWorld(stack, world);
    const play = options.sabotage === undefined ? SCENARIOS[scenario] : sabotage(options.sabotage);
    played = await play({ world, stack, deployment, seed, onNote });
    await onStack?.(stack, 'restored');
  }
  const { backup, restore, manualSteps, oracle, promises, sabotage: sabotaged } = played;
  const { facts, coverage } = backupFacts(backup);
  const checks = [...checksOf(backup), ...checksOf(restore)];
  const restored = { ...restoreFacts(restore), manualSteps };
  // The services have stopped: what they had to tell is told.
  const trace = connectedness(receiver.spans, restored.runId);
  const ok =
    oracle.ok &&
    sabotaged?.seen === sabotaged?.expected &&
    Object.values(promises).every(Boolean) &&
    checks.every((check) => check.ok) &&
    checks.length > 0 &&
    trace.orphans === 0;
  return {
    ok,
    backup: facts,
    restore: restored,
    oracle,
    checks,
    coverage,
    trace,
    promises,
    ...(sabotaged === undefined ? {} : { sabotage: sabotaged }),
  };
}

async function byLegacy(world: World, { onNote }: DemoOptions): Promise<SchemeResult> {
  onNote('the oracle writes down what it sees');
  const system = describeSystem(world);
  const before = await observeWhole(world, { name: 'before', system });
  onNote('dumpdata of the listed applications, tar of the document folder');
  const backupStartedMs = performance.now();
  const saved = await backupLegacy(world);
  const backup = { durationMs: Math.round(performance.now() - backupStartedMs) };
  onNote('the disaster: database, role, documents, .env, settings, certificates and logs are gone');
  await destroyWorld(world);
  onNote('loaddata and tar, with whatever it takes by hand');
  const startedMs = performance.now();
  const { manualSteps } = await restoreLegacy(world, saved);
  const durationMs = Math.round(performance.now() - startedMs);
  onNote('the oracle compares');
  const { verdict: oracle, after } = await judge(world, { name: 'after', system, before });
  return {
    // It has no checks of its own, and so nothing to be good by.
    ok: false,
    backup,
    restore: { runId: '', durationMs, phases: [], manualSteps },
    oracle,
    checks: [],
    coverage: [],
    trace: { traceId: '', spans: 0, orphans: 0 },
    promises: {},
    findings: redOf(before.state, after),
  };
}

function redOf(before: OracleState, after: OracleState) {
  const seen = { before, after, over: undefined, process: undefined };
  const red = FINDINGS.filter((finding) => !finding.holds(seen)).map(({ id }) => id);
  return { red, asCommitted: JSON.stringify(red) === JSON.stringify(legacyRed) };
}
