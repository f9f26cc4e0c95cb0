import { seededOrder } from './pivot/seeded.ts';
import { rehearse, struckAt, type Moment } from './stack/moments.ts';
import { quantiles, type Quantiles } from './stack/quantiles.ts';
import { takenOverMs } from './stack/taken-over.ts';
import { ownerOf, takenOver } from './stack/stopped.ts';
import { openTheatre, type Theatre } from './stack/theatre.ts';

export interface TakeoverReport {
  readonly suite: 'takeover';
  readonly seed: number;
  readonly cases: number;
  /** From the stop or kill of a coordinator to `taken-over` in the log, in milliseconds, as it is shipped. */
  readonly takeoverMs: Quantiles;
  /** Runs that did not complete. */
  readonly wrong: number;
  readonly faults: readonly { readonly case: string; readonly found: string }[];
}

export interface TakeoverOptions {
  readonly seed: number;
  readonly cases: number;
  readonly onNote: (text: string) => void;
}

/** A coordinator is stopped or killed in the middle of a backup, with the settings as they are shipped. */
export async function takeover({ seed, cases, onNote }: TakeoverOptions): Promise<TakeoverReport> {
  const random = seededOrder(seed);
  await using theatre = await openTheatre({ nodes: 1, replicas: 2 });
  const { moments } = (await rehearse(theatre, new Set(['backup']))).get('backup')!;
  const amid = moments.filter(({ after }) => after.startsWith('step-') && !after.endsWith(' commit'));
  const played = [];
  for (let at = 0; at < cases; at += 1) {
    const how = at % 2 === 0 ? 'stopped' : 'killed';
    const { after, delayMs } = random.pick(amid);
    const moment = { after, delayMs: Math.round(delayMs * random.fraction()) };
    const name = `${how} after ${after} + ${moment.delayMs} ms`;
    const found = await play(theatre, how, moment);
    played.push({ name, ...found });
    onNote(`${at + 1}/${cases} ${name}: ${found.wrong ?? `${found.tookMs} ms`}`);
  }
  return {
    suite: 'takeover',
    seed,
    cases,
    takeoverMs: quantiles(played.flatMap(({ tookMs }) => tookMs ?? [])),
    wrong: played.filter(({ wrong }) => wrong !== undefined).length,
    faults: played.flatMap(({ name, wrong }) => (wrong === undefined ? [] : [{ case: name, found: wrong }])),
  };
}

async function play(theatre: Theatre, how: 'stopped' | 'killed', moment: Moment) {
  const { stack } = theatre;
  const scene = await theatre.setScene('backup');
  let sinceMs = 0;
  const { run, runId } = await struckAt(theatre, scene, moment, async (struck) => {
    const name = await ownerOf(stack, struck);
    if (name === undefined) throw new Error('the run has no owner');
    sinceMs = Date.now();
    if (how === 'stopped') stack.freeze(name);
    else await stack.member(name).down();
    await takenOver(stack.store, struck, sinceMs);
    if (how === 'stopped') stack.thaw(name);
    else await stack.member(name).up();
  });
  const tookMs = await takenOverMs(stack.store, runId, sinceMs);
  const wrong = run?.state === 'completed' ? await theatre.judge(scene, run) : `${run?.state ?? 'stuck'}`;
  return { tookMs, wrong };
}
