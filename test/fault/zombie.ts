import { setTimeout as pause } from 'node:timers/promises';
import { readLogTail } from '#deploy/local/spawn-logged.ts';
import { seededOrder } from './pivot/seeded.ts';
import { counted } from './stack/counted.ts';
import { doubled, journalPrefix, logPrefix, readChain } from './stack/ledger.ts';
import { ASKED, rehearse, struckAt, type Moment, type Timeline } from './stack/moments.ts';
import { differences, pictureOf } from './stack/picture.ts';
import { startRescue } from './stack/rescuer.ts';
import { DEPLOYMENT, KINDS, type Kind } from './stack/scenes.ts';
import type { Stack } from './stack/stack.ts';
import { stopOwner, stopWorker, type Stopped } from './stack/stopped.ts';
import { endOf, openTheatre, type Theatre } from './stack/theatre.ts';
import { quantiles, type Quantiles } from './stack/quantiles.ts';
import { takenOverMs } from './stack/taken-over.ts';

/** Who is stopped: the coordinator that owns the run, the worker that has a step in hand, or a rescue that drives it. */
const TARGETS = [
  'restore-coordinator',
  'db-snapshot',
  'file-snapshot',
  'config-vault',
  'verifier',
  'rescue',
] as const;
type Target = (typeof TARGETS)[number];

export interface ZombieReport {
  readonly suite: 'zombie';
  readonly seed: number;
  readonly cases: number;
  /** Cases of each target and kind of run. */
  readonly classes: Readonly<Record<string, number>>;
  /** Cases in which it was stopped with the run or the step in its hands, not a moment too late. */
  readonly caught: number;
  readonly ends: Readonly<Record<string, number>>;
  /** Cases in which something changed when it went on: in the store, the database, or the files. */
  readonly staleWrites: number;
  /** Runs that ended neither as undisturbed, nor with a named error and the old system intact. */
  readonly wrong: number;
  readonly stuck: number;
  /** From the stop of a coordinator to `taken-over` in the log, with the time that it takes shortened. */
  readonly takeoverMs: Quantiles;
  readonly faults: readonly { readonly case: string; readonly found: string; readonly log: string }[];
}

export interface ZombieOptions {
  readonly seed: number;
  readonly cases: number;
  readonly kinds?: readonly Kind[];
  readonly parts?: readonly string[];
  readonly onNote: (text: string) => void;
}

interface Case extends Moment {
  readonly target: Target;
  readonly kind: Kind;
  /** When it goes on: once the run is over, or as soon as another has what it had. */
  readonly wakes: 'after' | 'within';
}

/** Long enough for whoever was stopped to notice, and to do what it was about to do. */
const QUIET_MS = 4_000;
const SHORTENED = { HOLDFAST_ACK_WAIT_MS: '3000', HOLDFAST_TAKEOVER_MS: '2000' };
/** Shorter steps are over before anybody can be stopped in them. */
const STEP_MS_MIN = 30;

/**
 * Somebody is stopped (SIGSTOP) in the middle of a run, long enough to lose it to another. When it goes on, nothing
 * changes that it no longer owns: the run may be over, or still in the hands of the other.
 */
export async function zombie(options: ZombieOptions): Promise<ZombieReport> {
  const { seed, cases, kinds = KINDS, parts = [], onNote } = options;
  const random = seededOrder(seed);
  await using theatre = await openTheatre({ nodes: 1, replicas: 2, environment: SHORTENED });
  const timelines = await rehearse(theatre, new Set(kinds));
  const all = TARGETS.flatMap((target) => kinds.map((kind) => ({ target, kind })))
    .filter(({ target, kind }) => momentsOf(target, kind, timelines).length > 0)
    .filter(({ target, kind }) => parts.every((part) => `${target} ${kind}`.includes(part)));
  const played: Played[] = [];
  for (const { target, kind } of random.deal(all, cases)) {
    const { after, delayMs } = random.pick(momentsOf(target, kind, timelines));
    const drawn: Case = {
      target,
      kind,
      after,
      delayMs: Math.round(delayMs * random.fraction()),
      wakes: random.pick(['after', 'within']),
    };
    const found = await play(theatre, drawn).catch(notPlayed);
    played.push({ ...drawn, ...found });
    const late = found.stopped?.caught === true ? '' : ' (too late)';
    onNote(`${played.length}/${cases} ${nameOf(drawn)}${late}: ${found.found ?? found.end}`);
  }
  const of = (verdict: Judged['verdict']) => played.filter((each) => each.verdict === verdict).length;
  return {
    suite: 'zombie',
    seed,
    cases: played.length,
    classes: counted(played.map(({ target, kind }) => `${target} ${kind}`)),
    caught: played.filter(({ stopped }) => stopped?.caught).length,
    ends: counted(played.map(({ end }) => end)),
    staleWrites: of('stale'),
    wrong: of('wrong'),
    stuck: of('stuck'),
    takeoverMs: quantiles(played.flatMap(({ tookMs }) => tookMs ?? [])),
    faults: played.flatMap((each) =>
      each.found === undefined ? [] : [{ case: nameOf(each), found: each.found, log: each.log }],
    ),
  };
}

interface Judged {
  readonly verdict: 'good' | 'stale' | 'wrong' | 'stuck';
  readonly found?: string;
}
interface Outcome extends Judged {
  readonly stopped: Stopped | undefined;
  readonly end: string;
  /** Of a coordinator that lost its run. */
  readonly tookMs: number | undefined;
  readonly log: string;
}
type Played = Case & Outcome;

/** What the case before it left behind kept it from beginning, or what lies in the store is broken. */
function notPlayed(thrown: unknown): Outcome {
  const found = String(thrown);
  return { verdict: 'wrong', found, stopped: undefined, end: 'not begun', tookMs: undefined, log: '' };
}

function nameOf({ target, kind, after, delayMs, wakes }: Case): string {
  return `${target} ${kind} at ${after} + ${delayMs} ms, wakes ${wakes}`;
}

/** A worker in its steps, most often where places are made and switched; who drives a run, at any entry. */
function momentsOf(target: Target, kind: Kind, timelines: ReadonlyMap<Kind, Timeline>): readonly Moment[] {
  const { moments, work } = timelines.get(kind)!;
  if (target === 'rescue' && kind !== 'restore') return [];
  if (!isWorker(target)) return moments.filter(({ after }) => after !== ASKED && after !== 'started');
  return work
    .filter(({ service, lastsMs }) => service === target && lastsMs >= STEP_MS_MIN)
    .flatMap(({ step, lastsMs }) => {
      // The first half: it has to be stopped before it is done.
      const moment = { after: `${SCHEDULED}${step}`, delayMs: lastsMs / 2 };
      return /^(?:stage|pivot|back)\./.test(step) ? [moment, moment, moment] : [moment];
    });
}

const SCHEDULED = 'step-scheduled ';

function isWorker(target: Target): boolean {
  return target !== 'rescue' && target !== 'restore-coordinator';
}

async function play(theatre: Theatre, drawn: Case): Promise<Outcome> {
  const { stack } = theatre;
  const scene = await theatre.setScene(drawn.kind);
  await using rescuer = drawn.target === 'rescue' ? await startRescue(stack) : undefined;
  let stopped: Stopped | undefined;
  const stop = async (runId: string): Promise<void> => {
    if (rescuer !== undefined) stopped = rescuer.stop(runId);
    else if (!isWorker(drawn.target)) stopped = await stopOwner(stack, runId);
    else {
      const { target: service, after, delayMs } = drawn;
      stopped = await stopWorker(stack, { runId, service, step: after.slice(SCHEDULED.length), delayMs });
    }
    if (drawn.wakes === 'within' && stopped?.caught === true && (await stopped.lost())) stopped.thaw();
  };
  // A worker's delay counts from its beginning with the step.
  const moment = isWorker(drawn.target) ? { ...drawn, delayMs: 0 } : drawn;
  const asked = rescuer === undefined ? scene : { ...scene, ask: () => rescuer.runId() };
  const { run, runId } = await struckAt(theatre, asked, moment, stop);
  // Before the last of them goes on, so that nobody is blamed for what another did.
  const wrong =
    run === undefined ? undefined : ((await theatre.judge(scene, run)) ?? (await twice(stack, runId)));
  const stale = await staleWrites(theatre, runId, stopped);
  const judged = (): Judged => {
    if (stale.length > 0) return { verdict: 'stale', found: `changed: ${stale.join(', ')}` };
    if (run === undefined) return { verdict: 'stuck', found: 'not ended in time' };
    return wrong === undefined ? { verdict: 'good' } : { verdict: 'wrong', found: wrong };
  };
  const tookMs =
    stopped === undefined || isWorker(drawn.target)
      ? undefined
      : await takenOverMs(stack.store, runId, stopped.atMs);
  const log = stopped === undefined ? '' : await readLogTail(stopped.logFile);
  return { ...judged(), stopped, end: endOf(run), tookMs, log };
}

async function twice({ store }: Stack, runId: string): Promise<string | undefined> {
  const log = await readChain(store, logPrefix(DEPLOYMENT));
  const own = log.filter(({ event }) => event.runId === runId);
  return doubled(own, await readChain(store, journalPrefix(runId))).join(', ') || undefined;
}

/** What changes when whoever was stopped goes on. */
async function staleWrites(
  theatre: Theatre,
  runId: string,
  stopped: Stopped | undefined,
): Promise<readonly string[]> {
  const { store } = theatre.stack;
  const before = await pictureOf(theatre, runId);
  stopped?.thaw();
  await pause(QUIET_MS);
  const changed = differences(before, await pictureOf(theatre, runId));
  for (const prefix of [logPrefix(DEPLOYMENT), journalPrefix(runId)]) await readChain(store, prefix);
  return changed;
}
