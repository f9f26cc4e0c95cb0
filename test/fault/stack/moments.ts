import { setTimeout as pause } from 'node:timers/promises';
import type { Run, RunEvent } from '#services/operator/cli/front-door.ts';
import type { Kind, Scene } from './scenes.ts';
import type { Theatre } from './theatre.ts';

/** Some milliseconds after an entry of the journal, or after the run is asked for. */
export interface Moment {
  readonly after: string;
  readonly delayMs: number;
}
export const ASKED = 'asked';
/** How long a request is on its way, at most. */
const ASKING_MS = 80;

/** Work of a step: which service does it, and for how long when nobody disturbs it. */
export interface Work {
  readonly step: string;
  readonly service: string;
  readonly lastsMs: number;
}

export interface Timeline {
  /** Every entry but the last, and how long it was the newest one. */
  readonly moments: readonly Moment[];
  readonly work: readonly Work[];
}

/** Of each kind one undisturbed run. */
export async function rehearse(
  theatre: Theatre,
  kinds: ReadonlySet<Kind>,
): Promise<ReadonlyMap<Kind, Timeline>> {
  const timelines = new Map<Kind, Timeline>();
  // The others need a backup.
  for (const kind of new Set<Kind>(['backup', ...kinds])) {
    const scene = await theatre.setScene(kind);
    const events: RunEvent[] = [];
    const run = await theatre.follow(await scene.ask(), (event) => events.push(event));
    const wrong = run === undefined ? 'stuck' : await theatre.judge(scene, run);
    if (wrong !== undefined || run?.state !== 'completed')
      throw new Error(`undisturbed, ${kind} is ${run?.state}: ${wrong ?? run?.error?.message}`);
    const moments = events.slice(0, -1).map((event, at) => ({
      after: labelOf(event),
      delayMs: Date.parse(events[at + 1]!.at) - Date.parse(event.at),
    }));
    const timeOf = (entry: string, step: string) =>
      Date.parse(events.find((event) => event.kind === entry && event.step === step)?.at ?? '');
    const work = run.steps.map(({ name: step, service }) => ({
      step,
      service,
      lastsMs: timeOf('step-completed', step) - timeOf('step-scheduled', step),
    }));
    timelines.set(kind, { moments: [{ after: ASKED, delayMs: ASKING_MS }, ...moments], work });
  }
  return timelines;
}

export interface Struck {
  readonly runId: string;
  /** Undefined when it did not end in time. */
  readonly run: Run | undefined;
  /** From the strike to the end of the run. */
  readonly seconds: number;
}

/** A run that is struck at a moment, followed to its end; resolves when the strike is over as well. */
export async function struckAt(
  theatre: Theatre,
  scene: Scene,
  { after, delayMs }: Moment,
  strike: (runId: string) => Promise<void>,
): Promise<Struck> {
  let striking: Promise<void> | undefined;
  let struckMs = performance.now();
  // While the run is asked for it has no id yet.
  let runId = '';
  const look = (label: string): void => {
    if (label !== after || striking !== undefined) return;
    striking = pause(delayMs).then(() => {
      struckMs = performance.now();
      return strike(runId);
    });
  };
  look(ASKED);
  runId = await scene.ask();
  const run = await theatre.follow(runId, (event) => look(labelOf(event)));
  const seconds = Math.round((performance.now() - struckMs) / 100) / 10;
  await striking;
  return { runId, run, seconds };
}

function labelOf({ kind, step }: RunEvent): string {
  return step === '' ? kind : `${kind} ${step}`;
}
