import { readLogTail } from '#deploy/local/spawn-logged.ts';
import { seededOrder } from './pivot/seeded.ts';
import { counted } from './stack/counted.ts';
import { rehearse, struckAt, type Moment } from './stack/moments.ts';
import { quantiles, type Quantiles } from './stack/quantiles.ts';
import type { Kind } from './stack/scenes.ts';
import { endOf, openTheatre, STUCK, type Theatre } from './stack/theatre.ts';

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
const KINDS = ['backup', 'restore', 'verify', 'drill'] as const satisfies readonly Kind[];
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
  readonly secondsToEnd: Quantiles;
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
  const played = [];
  for (const pair of random.deal(pairs, cases)) {
    const moment = random.pick(timelines.get(pair.kind)!.moments);
    const drawn = { ...pair, ...moment, delayMs: Math.round(moment.delayMs * random.fraction()) };
    const found = await play(theatre, drawn).catch(notPlayed);
    played.push({ ...drawn, ...found });
    onNote(
      `${played.length}/${cases} ${nameOf(drawn)} after ${drawn.after}: ${found.fault ?? found.end} in ${found.seconds} s`,
    );
  }
  return {
    suite: 'kill',
    seed,
    cases: played.length,
    points: new Set(played.map((each) => `${nameOf(each)} ${each.after}`)).size,
    pairs: counted(played.map(nameOf)),
    ends: counted(played.map(({ end }) => end)),
    secondsToEnd: quantiles(played.map((each) => each.seconds)),
    wrong: played.filter(({ fault, end }) => fault !== undefined && end !== STUCK).length,
    stuck: played.filter(({ end }) => end === STUCK).length,
    faults: played.flatMap(({ fault, log = '', ...each }) =>
      fault === undefined
        ? []
        : [{ case: `${nameOf(each)} after ${each.after} + ${each.delayMs} ms`, found: fault, log }],
    ),
  };
}

/** What the case before it left behind kept it from beginning. */
function notPlayed(thrown: unknown) {
  return { seconds: 0, end: 'not begun', fault: String(thrown), log: '' };
}

function nameOf({ process, kind }: Pair): string {
  return `${process} ${kind}`;
}

async function play(theatre: Theatre, { process, kind, ...moment }: Pair & Moment) {
  const scene = await theatre.setScene(kind);
  const member = theatre.stack.member(process);
  const { run, seconds } = await struckAt(theatre, scene, moment, () => member.kill());
  const end = endOf(run);
  const fault = run === undefined ? 'not ended in time' : await theatre.judge(scene, run);
  return {
    seconds,
    end,
    ...(fault === undefined ? {} : { fault, log: await readLogTail(member.logFile()) }),
  };
}
