import { rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { SERVICE_NAMES } from '#libs/contracts/services.ts';
import { seededOrder } from './pivot/seeded.ts';
import { counted } from './stack/counted.ts';
import { doubled, journalPrefix, logPrefix, readChain } from './stack/ledger.ts';
import { rehearse, struckAt, type Moment } from './stack/moments.ts';
import { quantiles, type Quantiles } from './stack/quantiles.ts';
import { replicaName } from './stack/replica-name.ts';
import { DEPLOYMENT, KINDS, type Kind, type Scene } from './stack/scenes.ts';
import type { Stack } from './stack/stack.ts';
import { endOf, openTheatre, type Theatre } from './stack/theatre.ts';

/**
 * What happens to the bus: a server is killed; its folder is removed under it; an empty one takes its place; one service
 * is cut off, or its connection stays and carries nothing.
 */
const FAULTS = {
  1: ['killed', 'erased', 'replaced', 'cut off', 'held'],
  3: ['one killed', 'two killed', 'one erased', 'all killed', 'cut off', 'held'],
} as const;
type FaultName = (typeof FAULTS)[1 | 3][number];

export interface BusReport {
  readonly suite: 'bus';
  readonly nodes: 1 | 3;
  readonly seed: number;
  readonly cases: number;
  /** Cases of each fault and kind of run. */
  readonly classes: Readonly<Record<string, number>>;
  readonly ends: Readonly<Record<string, number>>;
  /** From the fault to the end of the run. */
  readonly secondsToEnd: Quantiles;
  /** Runs that did not complete, or of which what they made is not there. */
  readonly lost: number;
  /** Runs, entries of a log, attempts of steps that are there twice. */
  readonly duplicated: number;
  /** Ends with another system than that of an undisturbed run. */
  readonly wrong: number;
  readonly faults: readonly { readonly case: string; readonly found: string }[];
}

export interface BusOptions {
  readonly nodes: 1 | 3;
  readonly seed: number;
  readonly cases: number | undefined;
  readonly parts?: readonly string[];
  readonly onNote: (text: string) => void;
}

interface Case extends Moment {
  readonly fault: FaultName;
  readonly kind: Kind;
  /** The service that is cut off. */
  readonly service: string;
  readonly node: string;
  readonly awayMs: number;
}

/** The bus fails in the middle of every kind of run: the run completes, nothing is there twice and nothing is lost. */
export async function bus({ nodes, seed, cases, parts = [], onNote }: BusOptions): Promise<BusReport> {
  const random = seededOrder(seed);
  const all = KINDS.flatMap((kind) => FAULTS[nodes].map((fault) => ({ fault, kind }))).filter((pair) =>
    parts.every((part) => `${pair.fault} ${pair.kind}`.includes(part)),
  );
  await using theatre = await openTheatre({
    nodes,
    replicas: 1,
    environment: { HOLDFAST_ACK_WAIT_MS: '3000' },
  });
  const timelines = await rehearse(theatre, new Set(all.map(({ kind }) => kind)));
  const played: Played[] = [];
  for (const pair of random.deal(all, cases ?? all.length)) {
    const { after, delayMs } = random.pick(timelines.get(pair.kind)!.moments);
    const drawn: Case = {
      ...pair,
      after,
      delayMs: Math.round(delayMs * random.fraction()),
      service: random.pick(SERVICE_NAMES),
      node: replicaName('nats-server', Math.floor(random.fraction() * nodes)),
      awayMs: Math.round(500 + 4_500 * random.fraction()),
    };
    const found = await play(theatre, drawn).catch(notPlayed);
    played.push({ ...drawn, ...found });
    onNote(`${played.length} ${nameOf(drawn)}: ${found.found ?? found.end} in ${found.seconds} s`);
  }
  const of = (verdict: Judged['verdict']) => played.filter((each) => each.verdict === verdict).length;
  return {
    suite: 'bus',
    nodes,
    seed,
    cases: played.length,
    classes: counted(played.map(({ fault, kind }) => `${fault} ${kind}`)),
    ends: counted(played.map(({ end }) => end)),
    secondsToEnd: quantiles(played.map((each) => each.seconds)),
    lost: of('lost'),
    duplicated: of('duplicated'),
    wrong: of('wrong'),
    faults: played.flatMap((each) =>
      each.found === undefined ? [] : [{ case: nameOf(each), found: each.found }],
    ),
  };
}

interface Judged {
  readonly verdict: 'good' | 'lost' | 'duplicated' | 'wrong';
  readonly found?: string;
}
type Played = Case & Judged & { readonly end: string; readonly seconds: number };

/** What the case before it left behind kept it from beginning, or what lies in the store is broken. */
function notPlayed(thrown: unknown): Judged & { end: string; seconds: number } {
  return { verdict: 'wrong', found: String(thrown), end: 'not begun', seconds: 0 };
}

function nameOf({ fault, kind, service, node, after, delayMs, awayMs }: Case): string {
  const where = fault === 'cut off' || fault === 'held' ? service : node;
  return `${fault} ${kind} after ${after} + ${delayMs} ms (${where}, ${awayMs} ms)`;
}

async function play(theatre: Theatre, drawn: Case) {
  const { stack } = theatre;
  const scene = await theatre.setScene(drawn.kind);
  const before = (await readChain(stack.store, logPrefix(DEPLOYMENT))).length;
  const { runId, run, seconds } = await struckAt(theatre, scene, drawn, () => strike(stack, drawn));
  const end = endOf(run);
  const verdict = async (): Promise<Judged> => {
    if (run?.state !== 'completed') return { verdict: 'lost', found: `${end}: ${run?.error?.message ?? ''}` };
    const found = await theatre.judge(scene, run);
    if (found !== undefined) return { verdict: 'wrong', found };
    return await countOf(stack, scene, { runId, before });
  };
  return { seconds, end, ...(await verdict()) };
}

async function strike(stack: Stack, { fault, service, node, awayMs }: Case): Promise<void> {
  const nodes = stack.names.filter((name) => name.startsWith('nats-server'));
  const erase = (name: string) =>
    rm(stack.streamsOf(name), { recursive: true, force: true, maxRetries: 20, retryDelay: 20 });
  const away = async (names: readonly string[], meanwhile = async () => {}): Promise<void> => {
    await Promise.all(names.map((name) => stack.member(name).down()));
    await meanwhile();
    await pause(awayMs);
    await Promise.all(names.map((name) => stack.member(name).up()));
  };
  switch (fault) {
    case 'killed':
    case 'one killed':
      return await away([node]);
    case 'two killed':
      return await away(nodes.filter((name) => name !== node));
    case 'all killed':
      return await away(nodes);
    case 'replaced':
    case 'one erased':
      return await away([node], () => erase(node));
    case 'erased':
      await erase(node);
      await pause(awayMs);
      return await stack.member(node).kill();
    case 'cut off':
    case 'held': {
      const cable = stack.busCable(service);
      if (fault === 'held') cable.hold();
      else cable.cut();
      await pause(awayMs);
      return cable.mend();
    }
    default:
      return fault satisfies never;
  }
}

/** The same request again is the same run; what the run did lies in log and journal once. */
async function countOf(
  { store }: Stack,
  scene: Scene,
  { runId, before }: { runId: string; before: number },
): Promise<Judged> {
  const again = await scene.ask();
  const log = (await readChain(store, logPrefix(DEPLOYMENT))).slice(before);
  const journal = await readChain(store, journalPrefix(runId));
  const twice = [...doubled(log, journal), ...(again === runId ? [] : [`run ${again} of the same request`])];
  if (twice.length > 0) return { verdict: 'duplicated', found: twice.join(', ') };
  const kinds = log.filter(({ event }) => event.runId === runId).map(({ event }) => event.kind);
  const missing = ['opened', ...MARKS[scene.kind], 'closed'].filter((kind) => !kinds.includes(kind));
  if (missing.length > 0) return { verdict: 'lost', found: `the log has no ${missing.join(', ')}` };
  const opened = log.filter(({ event }) => event.kind === 'opened');
  if (opened.length > 1) return { verdict: 'duplicated', found: `${opened.length} runs were opened` };
  return { verdict: 'good' };
}

/** What a run that completed leaves in the log. */
const MARKS: Readonly<Record<Kind, readonly string[]>> = {
  backup: ['committed'],
  event: ['committed'],
  restore: ['restored'],
  rollback: ['rolled-back'],
  release: ['released'],
  verify: [],
  drill: [],
};
