import { frontDoorOf, type Run } from '#services/operator/cli/front-door.ts';
import { seededOrder } from './pivot/seeded.ts';
import { counted } from './stack/counted.ts';
import { journalPrefix, logPrefix, readChain, type Entry } from './stack/ledger.ts';
import { ASKED, rehearse, struckAt, type Moment, type Timeline } from './stack/moments.ts';
import { asked, DEPLOYMENT, type Kind } from './stack/scenes.ts';
import { quantiles, type Quantiles } from './stack/quantiles.ts';
import { openTheatre, STUCK, type Theatre } from './stack/theatre.ts';

/** A release has no way back from its first step on. */
const KINDS = ['backup', 'restore', 'verify', 'drill', 'rollback'] as const satisfies readonly Kind[];
/** A drill switches its own copy alone. */
const SWITCHING: ReadonlySet<Kind> = new Set(['restore', 'rollback']);
const CHOICES = { back: 'AFTER_SWITCH_TAKE_BACK', forward: 'AFTER_SWITCH_GO_ON' } as const;
type Choice = keyof typeof CHOICES;

export interface CancelReport {
  readonly suite: 'cancel';
  readonly seed: number;
  readonly cases: number;
  readonly classes: Readonly<Record<string, number>>;
  readonly ends: Readonly<Record<string, number>>;
  /** From the call to the end of runs that were cancelled, in milliseconds: before their switch, and after it. */
  readonly beforeSwitchMs: Quantiles;
  readonly afterSwitchMs: Quantiles;
  /** Ends that are not what was asked for, and whatever a cancelled run left behind. */
  readonly wrong: number;
  readonly stuck: number;
  readonly faults: readonly { readonly case: string; readonly found: string }[];
}

export interface CancelOptions {
  readonly seed: number;
  readonly cases: number;
  readonly parts?: readonly string[];
  readonly onNote: (text: string) => void;
}

interface Case extends Moment {
  readonly kind: Kind;
  readonly choice: Choice;
}

/**
 * A run is cancelled at any of its moments, twice, and once more when it is over. What had not begun to commit is taken
 * back and leaves nothing; a switch that has begun is finished for who asked for that.
 */
export async function cancel({ seed, cases, parts = [], onNote }: CancelOptions): Promise<CancelReport> {
  const random = seededOrder(seed);
  await using theatre = await openTheatre({ nodes: 1, replicas: 1 });
  const timelines = await rehearse(theatre, new Set(KINDS));
  const all = KINDS.flatMap((kind) =>
    (['back', 'forward'] as const).map((choice) => ({ kind, choice })),
  ).filter(({ kind, choice }) => parts.every((part) => `${kind} ${choice}`.includes(part)));
  const played: Played[] = [];
  for (const pair of random.deal(all, cases)) {
    const timeline = timelines.get(pair.kind)!;
    const { after, delayMs } = random.pick(timeline.moments.filter((each) => each.after !== ASKED));
    const drawn: Case = { ...pair, after, delayMs: Math.round(delayMs * random.fraction()) };
    const found = await play(theatre, drawn, timeline).catch(notPlayed);
    played.push({ ...drawn, ...found });
    onNote(`${played.length}/${cases} ${nameOf(drawn)}: ${found.found ?? found.end} in ${found.tookMs} ms`);
  }
  const tookMs = (switched: boolean) =>
    quantiles(
      played.flatMap((each) => (each.end === CANCELLED && each.switched === switched ? each.tookMs : [])),
    );
  return {
    suite: 'cancel',
    seed,
    cases: played.length,
    classes: counted(played.map(({ kind, choice }) => `${kind} ${choice}`)),
    ends: counted(played.map(({ end }) => end)),
    beforeSwitchMs: tookMs(false),
    afterSwitchMs: tookMs(true),
    wrong: played.filter(({ found, end }) => found !== undefined && end !== STUCK).length,
    stuck: played.filter(({ end }) => end === STUCK).length,
    faults: played.flatMap((each) =>
      each.found === undefined ? [] : [{ case: nameOf(each), found: each.found }],
    ),
  };
}

const CANCELLED = 'cancelled';

interface Outcome {
  readonly end: string;
  /** The switch had begun when it was cancelled. */
  readonly switched: boolean;
  readonly tookMs: number;
  readonly found: string | undefined;
}
type Played = Case & Outcome;

function nameOf({ kind, choice, after, delayMs }: Case): string {
  return `${kind} ${choice} after ${after} + ${delayMs} ms`;
}

/** What the case before it left behind kept it from beginning, or what lies in the store is broken. */
function notPlayed(thrown: unknown): Outcome {
  return { end: 'not begun', switched: false, tookMs: 0, found: String(thrown) };
}

async function play(theatre: Theatre, drawn: Case, timeline: Timeline): Promise<Outcome> {
  const { stack } = theatre;
  const door = frontDoorOf(stack.caller);
  const scene = await theatre.setScene(drawn.kind);
  let askedMs = Date.now();
  const { run, runId } = await struckAt(theatre, scene, drawn, async (struck) => {
    askedMs = Date.now();
    const ask = () => asked(() => door.cancelRun(struck, CHOICES[drawn.choice]));
    await Promise.all([ask(), ask()]);
  });
  const journal = await readChain(stack.store, journalPrefix(runId));
  const before = eventsBeforeCancel(journal);
  const switched = SWITCHING.has(drawn.kind) && before.some((step) => /^(?:pivot|back)\./.test(step));
  if (run === undefined) return { end: STUCK, switched, tookMs: 0, found: 'not ended in time' };
  const tookMs = Date.parse(journal.at(-1)!.at) - askedMs;
  const goesOn = before.includes(timeline.work.at(-1)!.step) || (drawn.choice === 'forward' && switched);
  const wanted = goesOn ? 'completed' : CANCELLED;
  const wrong =
    run.state === wanted
      ? await theatre.judge(scene, run)
      : `${run.state}, not ${wanted}: ${run.error?.message}`;
  return {
    end: run.state,
    switched,
    tookMs,
    found: wrong ?? (await harmOfLateCancel(theatre, run, drawn.choice)),
  };
}

/** Steps that were begun before the run knew that it was cancelled. */
function eventsBeforeCancel(journal: readonly Entry[]): readonly string[] {
  const at = journal.findIndex(({ event }) => event.kind === 'cancel-requested');
  // Never known: it was over first.
  return journal.slice(0, at < 0 ? journal.length : at).flatMap(({ event }) => event.step ?? []);
}

async function harmOfLateCancel(
  { stack: { caller, store } }: Theatre,
  { runId, state }: Run,
  choice: Choice,
): Promise<string | undefined> {
  const entries = async () => [
    ...(await readChain(store, logPrefix(DEPLOYMENT))),
    ...(await readChain(store, journalPrefix(runId))),
  ];
  const before = await entries();
  const answer = await frontDoorOf(caller).cancelRun(runId, CHOICES[choice]);
  const more = (await entries()).length - before.length;
  return answer.state === state && more === 0
    ? undefined
    : `cancelled when it was over, it is ${answer.state} and has ${more} more entries`;
}
