import { isoTime, type Clock } from '#libs/kernel/clock.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { StepCommand, StepResult } from '#libs/contracts/step.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { Chain } from './chain.ts';
import { findCancel } from './cancel.ts';
import { decide, findFailure, isCancelled, type SilentMs } from './decide.ts';
import type { Saga } from './define.ts';
import { dispatch, stepOf } from './dispatch.ts';
import { findResult } from './find-result.ts';
import { fold, isFinished, type RunState } from './fold.ts';
import type { JournalEvent, RunHeader } from './journal.ts';

/** What driving a run asks of the world. */
export interface DrivePorts {
  readonly store: ObjectStore;
  readonly clock: Clock;
  /** Puts the command on the queue; twice is one command, but for one that is sent `again`, for it was lost. Throws when the bus does not take it. */
  readonly send: (command: StepCommand, signal: AbortSignal, again: boolean) => Promise<void>;
  /** Asks the run's workers to stop what they do; loss is harmless. */
  readonly sendCancel: (runId: string) => Promise<void>;
  /** Body of a local step; idempotent, for a crash between body and result repeats it. */
  readonly runLocal: (
    name: string,
    header: RunHeader,
    outcomes: Readonly<Record<string, Json>>,
    signal: AbortSignal,
  ) => Promise<Json>;
  /** The coordinator's own. */
  readonly site: string;
  /** Number of the log entry by which the run is ours. */
  readonly epoch: number;
  /** Told of every appended entry, in order. */
  readonly onAppend: (state: RunState) => void;
}

/** How a waiting run is told that there may be news. */
export interface Wake {
  /** Returns after `notify`, or after the poll interval: events are hints, the store is the truth. */
  wait(signal: AbortSignal): Promise<void>;
  /** By a clock that is never set. */
  readonly silentMs: SilentMs;
  /** The worker of the step is at work, or was just told to be. */
  hear(step: string): void;
}

/**
 * Drives one run to its end: fold, decide, append, act; then waits for news. Whatever was decided is in the journal
 * before it is done, so another process continues from the same entries. Throws RUN_TAKEN_OVER when the run has a newer
 * owner, OBJECT_EXISTS when it very likely has (another entry lies where ours should go), and the signal's reason on
 * shutdown; all leave the run to be continued.
 */
export async function driveRun(
  saga: Saga,
  journal: Chain<JournalEvent>,
  wake: Wake,
  ports: DrivePorts,
  signal: AbortSignal,
): Promise<RunState> {
  const append = async (event: JournalEvent): Promise<RunState> => {
    await journal.append(event, isoTime(ports.clock), { signal });
    const state = requireState(journal);
    ports.onAppend(state);
    return state;
  };
  await resend(saga, requireOwned(journal, ports.epoch), ports, signal);
  for (;;) {
    signal.throwIfAborted();
    await journal.refresh({ signal });
    let state = requireOwned(journal, ports.epoch);
    for (const event of await findNews(saga, state, ports, signal)) state = await append(event);
    const decisions = decide(saga, state, ports.clock.now(), wake.silentMs);
    for (const event of decisions) {
      state = await append(event);
      if (event.kind !== 'step-scheduled') continue;
      wake.hear(event.step);
      await dispatch(saga, state, event.step, ports, signal);
    }
    if (isFinished(state)) return state;
    if (decisions.length > 0) continue;
    if (isStopping(saga, state)) await ports.sendCancel(state.header.runId);
    // The bus may have lost a command. Should a worker be at it all the same, the later claim takes its place over.
    for (const step of running(state)) {
      if (wake.silentMs(step) < stepOf(saga, step).deadlines.silenceMs) continue;
      await dispatch(saga, state, step, ports, signal, true);
      wake.hear(step);
    }
    await wake.wait(signal);
  }
}

function requireState(journal: Chain<JournalEvent>): RunState {
  const state = fold(journal.entries);
  if (state === undefined) throw new HoldfastError('JOURNAL_BROKEN', { reason: 'no first entry' });
  return state;
}

/** Throws RUN_TAKEN_OVER: the next order would be another coordinator's to give. */
function requireOwned(journal: Chain<JournalEvent>, epoch: number): RunState {
  const state = requireState(journal);
  if (state.epoch === epoch) return state;
  throw new HoldfastError('RUN_TAKEN_OVER', { run: state.header.runId, owner: state.owner });
}

/** Commands that were decided and have no result yet may never have reached the queue. */
async function resend(saga: Saga, state: RunState, ports: DrivePorts, signal: AbortSignal): Promise<void> {
  for (const step of running(state)) await dispatch(saga, state, step, ports, signal);
}

function running({ steps }: RunState): readonly string[] {
  return Object.keys(steps).filter((name) => steps[name]!.state === 'running');
}

async function findNews(
  saga: Saga,
  state: RunState,
  { store }: DrivePorts,
  signal: AbortSignal,
): Promise<readonly JournalEvent[]> {
  const { runId } = state.header;
  const [cancel, ...results] = await Promise.all([
    state.cancel === 'back' ? undefined : findCancel(store, runId, { signal }),
    ...awaited(saga, state).map(({ name, attempt }) =>
      findResult(store, { runId, step: name, attempt }, signal),
    ),
  ]);
  const news = results.flatMap((result) => (result === undefined ? [] : [eventOf(result)]));
  return cancel === undefined || cancel.choice === state.cancel
    ? news
    : [{ kind: 'cancel-requested', ...cancel }, ...news];
}

function awaited(saga: Saga, state: RunState): readonly { name: string; attempt: number }[] {
  const running = Object.entries(state.steps).flatMap(([name, step]) =>
    step.state === 'running' ? [{ name, attempt: step.attempt }] : [],
  );
  const early = saga.steps.flatMap((step) => {
    if (!('early' in step.work)) return [];
    const source = state.steps[step.work.early];
    const known = state.steps[step.name]?.attempt ?? 0;
    return source !== undefined && known < source.attempt
      ? [{ name: step.name, attempt: source.attempt }]
      : [];
  });
  return [...early, ...running];
}

function eventOf(result: StepResult): JournalEvent {
  const { step, attempt } = result;
  return result.ok
    ? { kind: 'step-completed', step, attempt, outcome: result.outcome, phases: result.phases }
    : { kind: 'step-failed', step, attempt, error: result.error };
}

/** Siblings of a failed or cancelled step are asked to stop, so that undoing can begin. */
function isStopping(saga: Saga, state: RunState): boolean {
  if (state.status !== 'running') return false;
  return isCancelled(saga, state) || findFailure(saga, state) !== undefined;
}
