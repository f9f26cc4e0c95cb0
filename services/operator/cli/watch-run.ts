import { setTimeout as sleep } from 'node:timers/promises';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Answer, Context } from './command.ts';
import { exitOfRun } from './exit-codes.ts';
import type { FrontDoor, Run, RunEvent } from './front-door.ts';
import { EXIT } from '#libs/kernel/catalogue.ts';
import { eventData, eventText, parseObject, runData, runEndText, stateText } from './run-text.ts';

/** A coordinator that was replaced is back within seconds; after this the watcher gives up and the run goes on. */
const RECONNECT_MS = 1_000;
const RECONNECTS_MAX = 60;

export interface WatchOptions {
  /** False in `rescue`: nobody else drives the run, so leaving would end it. */
  readonly mayLeave: boolean;
}

/**
 * Shows a run until its end and answers with it. Ctrl-C asks before it cancels; where nobody can answer, the run is
 * left going (or cancelled, when it cannot go on without us).
 */
export async function watchRun(
  door: FrontDoor,
  runId: string,
  context: Context,
  options: WatchOptions = { mayLeave: true },
): Promise<Answer> {
  const left = new AbortController();
  const asking = new Set<Promise<void>>();
  const onInterrupt = () => {
    const answer = decideInterrupt(door, runId, context, options, left).finally(() => asking.delete(answer));
    asking.add(answer);
  };
  await context.interrupts.during(onInterrupt, async () => {
    const begun = await door.getRun(runId);
    if (begun.waitsFor !== '') context.report.note(stateText(begun));
    await follow(door, runId, context, left.signal);
    await Promise.all(asking);
  });
  context.report.clear();
  const run = await door.getRun(runId);
  return left.signal.aborted ? leftAnswer(run) : endAnswer(run);
}

export function endAnswer(run: Run): Answer {
  return { data: { run: runData(run) }, text: runEndText(run), exit: exitOfRun(run.state) };
}

function leftAnswer(run: Run): Answer {
  const text = `run ${run.runId} goes on\nwatch it:  holdfast runs watch ${run.runId}\ncancel it: holdfast runs cancel ${run.runId}`;
  return { data: { run: runData(run), left: true }, text, exit: EXIT.cancelled };
}

async function decideInterrupt(
  door: FrontDoor,
  runId: string,
  { terminal, report }: Context,
  options: WatchOptions,
  left: AbortController,
): Promise<void> {
  report.clear();
  const cancel = terminal.interactive
    ? await terminal.confirm('Cancel the run and take back what it did?')
    : !options.mayLeave;
  if (cancel) {
    await door.cancelRun(runId);
    report.note('cancelling: what was staged is taken back');
  } else if (options.mayLeave) {
    left.abort();
  }
}

/** Every journal entry once, also across lost connections. */
async function follow(door: FrontDoor, runId: string, context: Context, left: AbortSignal): Promise<void> {
  let seen = 0;
  for (let tries = 0; ; tries += 1) {
    try {
      for await (const event of untilLeft(door.watchRun(runId, seen), left)) {
        tries = 0;
        seen = Math.max(seen, event.sequence);
        show(event, context);
      }
      return;
    } catch (thrown) {
      const error = HoldfastError.from(thrown);
      if (left.aborted) return;
      if (error.entry.retry !== 'transient' || tries >= RECONNECTS_MAX) throw error;
      if (tries === 0) context.report.note('connection lost, trying again; the run goes on');
      await sleep(RECONNECT_MS, undefined, { signal: context.interrupts.signal });
    }
  }
}

async function* untilLeft(events: AsyncIterable<RunEvent>, left: AbortSignal): AsyncIterable<RunEvent> {
  const gone = new Promise<'left'>((resolve) => {
    if (left.aborted) resolve('left');
    left.addEventListener('abort', () => resolve('left'), { once: true });
  });
  const iterator = events[Symbol.asyncIterator]();
  for (;;) {
    const next = iterator.next();
    const item = await Promise.race([next, gone]);
    if (item === 'left') {
      next.catch(() => {});
      // Ends the call; nobody waits for its answer.
      iterator.return?.().catch(() => {});
      return;
    }
    if (item.done === true) return;
    yield item.value;
  }
}

function show(event: RunEvent, { report }: Context): void {
  report.event(eventData(event));
  if (event.kind === 'progress') {
    const { activity, bytes, bytesTotal, rows } = parseObject(event.detailJson);
    const total = Number(bytesTotal ?? 0);
    report.progress(event.step, {
      bytes: Number(bytes ?? 0),
      bytesTotal: total,
      text: [activity, ...(Number(rows ?? 0) > 0 ? [`${Number(rows).toLocaleString('en')} rows`] : [])].join(
        ', ',
      ),
    });
    return;
  }
  const line = eventText(event);
  if (line !== undefined) report.note(line);
}
