import type { RunEvent } from './front-door.ts';
import { parseObject } from './run-text.ts';
import { durationText } from './text.ts';

/** One line of the picture: a step's attempt, or a phase inside it. */
export interface Bar {
  readonly name: string;
  readonly depth: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly state: 'completed' | 'failed' | 'running';
}

const WIDTH = 48;

/** Steps and their phases with start and end, from the journal's entries, in the order they were scheduled. Pure. */
export function barsOf(events: readonly RunEvent[]): readonly Bar[] {
  const last = Math.max(0, ...events.map((event) => Date.parse(event.at)));
  const scheduled = events.filter((event) => event.kind === 'step-scheduled');
  return scheduled.flatMap((event) => {
    const { attempt } = parseObject(event.detailJson);
    const end = events.find((other) => isEnd(other, event.step, attempt));
    return barsOfStep(event, Number(attempt), end, last);
  });
}

function isEnd(event: RunEvent, step: string, attempt: unknown): boolean {
  const ends = event.kind === 'step-completed' || event.kind === 'step-failed';
  return ends && event.step === step && parseObject(event.detailJson)['attempt'] === attempt;
}

function barsOfStep(
  start: RunEvent,
  attempt: number,
  end: RunEvent | undefined,
  lastMs: number,
): readonly Bar[] {
  const step: Bar = {
    name: attempt === 1 ? start.step : `${start.step} #${attempt}`,
    depth: 0,
    startMs: Date.parse(start.at),
    endMs: end === undefined ? lastMs : Date.parse(end.at),
    state: end === undefined ? 'running' : end.kind === 'step-completed' ? 'completed' : 'failed',
  };
  return [step, ...phasesOf(end)];
}

function phasesOf(end: RunEvent | undefined): readonly Bar[] {
  const phases = end === undefined ? undefined : parseObject(end.detailJson)['phases'];
  if (!Array.isArray(phases)) return [];
  return (phases as { name: string; startedAt: string; endedAt: string }[]).map(
    ({ name, startedAt, endedAt }) => ({
      name,
      depth: 1,
      startMs: Date.parse(startedAt),
      endMs: Date.parse(endedAt),
      state: 'completed',
    }),
  );
}

/** Text bars on one time axis; a failed attempt is drawn with `x`, one without an end with `.`. Pure. */
export function waterfall(bars: readonly Bar[]): string {
  if (bars.length === 0) return 'nothing was started yet';
  const from = Math.min(...bars.map((bar) => bar.startMs));
  const to = Math.max(...bars.map((bar) => bar.endMs), from + 1);
  const column = (ms: number) =>
    Math.round(((Math.min(Math.max(ms, from), to) - from) / (to - from)) * WIDTH);
  const names = bars.map((bar) => `${'  '.repeat(bar.depth)}${bar.name}`);
  const width = Math.max(...names.map((name) => name.length));
  const lines = bars.map((bar, at) => {
    const start = Math.min(column(bar.startMs), WIDTH - 1);
    const length = Math.max(1, column(bar.endMs) - start);
    const drawn = `${' '.repeat(start)}${MARKS[bar.state].repeat(length)}`.padEnd(WIDTH);
    return `${(names[at] ?? '').padEnd(width)} |${drawn}| ${durationText(bar.endMs - bar.startMs)}`;
  });
  return [...lines, `${' '.repeat(width)}  0${durationText(to - from).padStart(WIDTH - 1)}`].join('\n');
}

const MARKS = { completed: '=', failed: 'x', running: '.' } as const;
