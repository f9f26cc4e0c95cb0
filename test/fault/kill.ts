import { setTimeout as pause } from 'node:timers/promises';
import type { RunEvent } from '#services/operator/cli/front-door.ts';
import { seededOrder } from './pivot/seeded.ts';
import { KINDS, openTheatre, type Kind, type Theatre } from './stack/theatre.ts';

const PROCESSES = [
  'restore-coordinator',
  'db-snapshot',
  'file-snapshot',
  'config-vault',
  'verifier',
  'nats-server',
  'minio',
  'postgres',
] as const;
type ProcessName = (typeof PROCESSES)[number];

export interface KillReport {
  readonly suite: 'kill';
  readonly seed: number;
  readonly cases: number;
  /** Different moments that were hit: process, kind of run, and the entry of its journal before the kill. */
  readonly points: number;
  /** Cases of each process and kind of run. */
  readonly pairs: Readonly<Record<string, number>>;
  /** How the runs ended: their state, and the error they named. */
  readonly ends: Readonly<Record<string, number>>;
  /** From the kill to the end of the run. */
  readonly secondsToEnd: { readonly p50: number; readonly max: number };
  /** Ends that are neither the undisturbed one nor a named error with the old system intact. */
  readonly wrong: number;
  /** Runs that had not ended when their time was over. */
  readonly stuck: number;
  readonly faults: readonly Fault[];
}

interface Fault {
  readonly case: string;
  readonly found: string;
  /** What the killed process said last. */
  readonly log: string;
}

export interface KillOptions {
  readonly seed: number;
  readonly cases: number;
  readonly parts?: readonly string[];
  readonly onNote: (text: string) => void;
}

interface Pair {
  readonly process: ProcessName;
  readonly kind: Kind;
}

/** After an entry of the journal, or as the run is asked for. */
interface Moment {
  readonly after: string;
  readonly delayMs: number;
}
const ASKED = 'asked';
/** How long a request is on its way, at most. */
const ASKING_MS = 80;

/**
 * A process is killed in the middle of a run, and started again by its supervisor. The run ends as if nothing had been,
 * or names its error and leaves the old system as it was; nothing of it stays. Pairs of process and kind of run are
 * dealt round, moments are drawn from the journal of an undisturbed run.
 */
export async function kill(options: KillOptions): Promise<KillReport> {
  const { seed, cases, parts = [], onNote } = options;
  const random = seededOrder(seed);
  const pairs = PROCESSES.flatMap((process) => KINDS.map((kind) => ({ process, kind }))).filter((pair) =>
    parts.every((part) => nameOf(pair).includes(part)),
  );
  await using theatre = await openTheatre({
    nodes: 1,
    replicas: 1,
    // What a worker that died had in hand is soon given to the next one.
    environment: { HOLDFAST_ACK_WAIT_MS: '3000' },
  });
  const timelines = await rehearse(theatre, new Set(pairs.map(({ kind }) => kind)));
  const dealt: Pair[] = [];
  while (dealt.length < cases) dealt.push(...random.shuffle(pairs));
  const played = [];
  for (const pair of dealt.slice(0, cases)) {
    const moment = random.pick(timelines.get(pair.kind)!);
    const drawn = { ...pair, ...moment, delayMs: Math.round(moment.delayMs * random.fraction()) };
    const found = await play(theatre, drawn);
    played.push({ ...drawn, ...found });
    onNote(
      `${played.length}/${cases} ${nameOf(drawn)} after ${drawn.after}: ${found.fault ?? found.end} in ${found.seconds} s`,
    );
  }
  const seconds = played.map((each) => each.seconds).toSorted((a, b) => a - b);
  const count = (names: readonly string[]) =>
    Object.fromEntries(
      Object.entries(Object.groupBy(names, (name) => name)).map(([name, all]) => [name, all!.length]),
    );
  return {
    suite: 'kill',
    seed,
    cases: played.length,
    points: new Set(played.map((each) => `${nameOf(each)} ${each.after}`)).size,
    pairs: count(played.map(nameOf)),
    ends: count(played.map(({ end }) => end)),
    secondsToEnd: { p50: seconds[Math.floor(seconds.length / 2)] ?? 0, max: seconds.at(-1) ?? 0 },
    wrong: played.filter(({ fault, end }) => fault !== undefined && end !== STUCK).length,
    stuck: played.filter(({ end }) => end === STUCK).length,
    faults: played.flatMap(({ fault, log = '', ...each }) =>
      fault === undefined
        ? []
        : [{ case: `${nameOf(each)} after ${each.after} + ${each.delayMs} ms`, found: fault, log }],
    ),
  };
}

const STUCK = 'stuck';

function nameOf({ process, kind }: Pair): string {
  return `${process} ${kind}`;
}

/** Of each kind one undisturbed run: its entries, and how long each is the last one. */
async function rehearse(
  theatre: Theatre,
  kinds: ReadonlySet<Kind>,
): Promise<ReadonlyMap<Kind, readonly Moment[]>> {
  const timelines = new Map<Kind, readonly Moment[]>();
  // The backup first: the others need one.
  for (const kind of KINDS) {
    if (!kinds.has(kind) && kind !== 'backup') continue;
    const scene = await theatre.setScene(kind);
    const events: RunEvent[] = [];
    const run = await theatre.follow(await scene.ask(), (event) => events.push(event));
    const wrong = run === undefined ? STUCK : await theatre.judge(scene, run);
    if (wrong !== undefined || run?.state !== 'completed')
      throw new Error(`undisturbed, ${kind} is ${run?.state}: ${wrong ?? run?.error?.message}`);
    const moments = events.slice(0, -1).map((event, at) => ({
      after: labelOf(event),
      delayMs: Date.parse(events[at + 1]!.at) - Date.parse(event.at),
    }));
    timelines.set(kind, [{ after: ASKED, delayMs: ASKING_MS }, ...moments]);
  }
  return timelines;
}

function labelOf({ kind, step }: RunEvent): string {
  return step === '' ? kind : `${kind} ${step}`;
}

async function play(theatre: Theatre, { process, kind, after, delayMs }: Pair & Moment) {
  const scene = await theatre.setScene(kind);
  const member = theatre.stack.member(process);
  let killing: Promise<void> | undefined;
  let killedAt = performance.now();
  const strike = async (): Promise<void> => {
    await pause(delayMs);
    killedAt = performance.now();
    await member.kill();
  };
  const striking = (label: string): void => {
    if (label === after) killing ??= strike();
  };
  striking(ASKED);
  const run = await theatre.follow(await scene.ask(), (event) => striking(labelOf(event)));
  const seconds = Math.round((performance.now() - killedAt) / 100) / 10;
  await killing;
  const end = run === undefined ? STUCK : [run.state, run.error?.code ?? ''].join(' ').trim();
  const fault = run === undefined ? 'not ended in time' : await theatre.judge(scene, run);
  return { seconds, end, ...(fault === undefined ? {} : { fault, log: await member.lastLines() }) };
}
