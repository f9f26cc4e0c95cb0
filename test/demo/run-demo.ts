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
import { playDemo } from './play-demo.ts';
import type { ScenarioName } from './scenarios/all.ts';
import type { Play, Sabotaged } from './theatre.ts';
import { backupLegacy, restoreLegacy } from './legacy.ts';
import { checkHolds, flaggedOf, requireTaken, withoutFlagged, type Flagged } from './spiteful.ts';
import { connectedness, openTraceReceiver } from './trace-receiver.ts';
import { createWorld, destroyWorld, pauseEdms, resumeEdms, workInIt, type World } from './world.ts';

export interface DemoOptions {
  readonly scheme: 'holdfast' | 'legacy';
  readonly store: 'disk' | 'minio';
  readonly scale: 'seed' | 'small';
  readonly rows: number;
  readonly files: number;
  readonly seed: number;
  /** The EDMS writes in the background while it is backed up, and has everything else that real ones have. */
  readonly spiteful?: boolean;
  /** Everything is made below it; the caller removes it. */
  readonly folder: string;
  readonly onNote: (note: string) => void;
  /** Services export their spans; off where their memory is measured as most people run them. */
  readonly traced?: boolean;
  /** The five services in one process. */
  readonly inline?: boolean;
  /** Looks at the running stack: when it idles after its start, and when the restore is done. */
  readonly onStack?: (stack: RunningStack, moment: 'idle' | 'restored') => Promise<void>;
  /** Another scenario than total loss, or harm done before the restore. */
  readonly play?: Play;
  readonly scenario?: ScenarioName;
}

/** What the last line of `npm run demo -- --json` says. */
export interface DemoResult {
  readonly ok: boolean;
  readonly scheme: string;
  readonly scenario: ScenarioName;
  readonly sabotage?: Sabotaged;
  /** What the scenario promises besides: whether it held. */
  readonly promises?: Readonly<Record<string, boolean>>;
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
  readonly trace: { readonly traceId: string; readonly spans: number; readonly orphans: number };
  /** What moved while it was read, and the backup said so; only in a spiteful world. */
  readonly flagged?: readonly string[];
  /** The analysis's findings as they stand after this scheme's restore; only where the scheme is judged by them. */
  readonly findings?: { readonly red: readonly string[]; readonly asCommitted: boolean };
}

type SchemeResult = Pick<DemoResult, 'backup' | 'restore' | 'checks' | 'coverage' | 'trace'> & {
  readonly said: Flagged;
};

/** A real EDMS is worked in, backed up, destroyed, brought back by the scheme, and judged by the oracle. */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  if (options.play !== undefined) return await playDemo(options, options.play);
  const { folder, onNote, scheme } = options;
  onNote('a document-management system is made and started');
  await using world = await createWorld({ ...options, folder: join(folder, 'world') });
  onNote(
    `somebody works in it at ${world.baseUrl}: logs in and stays logged in, files documents, moves one on`,
  );
  await workInIt(world, options.seed);
  await pauseEdms(world);
  onNote('the oracle writes down what it sees');
  const system = describeSystem(world);
  const before = await observeWhole(world, { name: 'before', system });
  const { said, ...result } = await (scheme === 'holdfast'
    ? byHoldfast(world, options)
    : byLegacy(world, options));
  onNote('the oracle compares');
  const judged = await judge(world, { name: 'after', system, before });
  const { after } = judged;
  const verdict = withoutFlagged(judged.verdict, said, world);
  const ok =
    verdict.ok &&
    said.beyond.length === 0 &&
    result.checks.every((check) => checkHolds(check, said)) &&
    result.checks.length > 0 &&
    result.trace.orphans === 0;
  const findings = scheme === 'legacy' ? redOf(before.state, after) : undefined;
  return {
    ok,
    scheme,
    scenario: 'loss',
    store: options.store,
    ...result,
    oracle: verdict,
    ...(options.spiteful === true ? { flagged: said.moving } : {}),
    ...(findings === undefined ? {} : { findings }),
  };
}

async function byHoldfast(
  world: World,
  { folder, store, inline, onNote, onStack, traced = true }: DemoOptions,
): Promise<SchemeResult> {
  await using receiver = await openTraceReceiver(process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] || undefined);
  const env = { ...world.environment, OTEL_EXPORTER_OTLP_ENDPOINT: traced ? receiver.endpoint : '' };
  let spoken: Omit<SchemeResult, 'trace'>;
  {
    onNote(
      `holdfast up --store ${store}: bus, store and five services${inline === true ? ' in one process' : ''}`,
    );
    await using stack = await startHoldfast({ home: join(folder, 'home'), store, env, inline });
    await onStack?.(stack, 'idle');
    onNote('holdfast init: looks at the application and declares it');
    const deployment = await declareWorld(stack, world);
    onNote('holdfast backup');
    await resumeEdms(world);
    const backup = await stack.holdfast.say('backup', deployment);
    await pauseEdms(world);
    requireTaken(backup, world);
    const { facts, coverage, leftOut } = backupFacts(backup);
    const said = flaggedOf(leftOut, world);
    onNote(`committed: ${facts.rows} rows of ${facts.tables} tables, ${facts.files} files`);
    await destroy(world, onNote);
    onNote('holdfast restore');
    const before = stack.holdfast.given();
    const restore = await stack.holdfast.expect(0, 'restore', deployment, '--yes');
    const checks = [...checksOf(backup), ...checksOf(restore)];
    await onStack?.(stack, 'restored');
    // Whatever was done after the disaster besides that one command counts as done by hand.
    const manualSteps = stack.holdfast.given() - before - 1;
    spoken = { said, backup: facts, coverage, checks, restore: { ...restoreFacts(restore), manualSteps } };
  }
  // The services have stopped: what they had to tell is told.
  return { ...spoken, trace: connectedness(receiver.spans, spoken.restore.runId) };
}

async function byLegacy(world: World, { onNote }: DemoOptions): Promise<SchemeResult> {
  onNote('dumpdata of the listed applications, tar of the document folder');
  const backupStartedMs = performance.now();
  const saved = await backupLegacy(world);
  const backup = { durationMs: Math.round(performance.now() - backupStartedMs) };
  await destroy(world, onNote);
  onNote('loaddata and tar, with whatever it takes by hand');
  const startedMs = performance.now();
  const { manualSteps } = await restoreLegacy(world, saved);
  return {
    said: flaggedOf([], world),
    backup,
    restore: { runId: '', durationMs: Math.round(performance.now() - startedMs), phases: [], manualSteps },
    checks: [],
    coverage: [],
    trace: { traceId: '', spans: 0, orphans: 0 },
  };
}

async function destroy(world: World, onNote: (note: string) => void): Promise<void> {
  onNote('the disaster: database, role, documents, .env, settings, certificates and logs are gone');
  await destroyWorld(world);
}

function redOf(before: OracleState, after: OracleState) {
  const seen = { before, after, over: undefined, process: undefined };
  const red = FINDINGS.filter((finding) => !finding.holds(seen)).map(({ id }) => id);
  return { red, asCommitted: JSON.stringify(red) === JSON.stringify(legacyRed) };
}
