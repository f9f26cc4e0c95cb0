import { CATALOGUE, EXIT, STORE_TROUBLES } from '#libs/kernel/catalogue.ts';
import { HoldfastError, type ErrorRecord } from '#libs/kernel/errors.ts';
import { undoName, type Saga, type SagaStep } from './define.ts';
import { isFinished, outcomesOf, type RunState, type StepState } from './fold.ts';
import type { JournalEvent } from './journal.ts';

/** For how long nothing was heard of the worker of a step. */
export type SilentMs = (step: string) => number;

/**
 * Pure: what to append to the journal next; empty when the run waits for results or is finished. Scheduling an entry
 * is the intent, sending its command follows, so a crash between the two is cured by sending again. `silentMs` tells
 * for how long a step's worker showed no life.
 */
export function decide(
  saga: Saga,
  state: RunState,
  now: number,
  silentMs: SilentMs = () => 0,
): readonly JournalEvent[] {
  if (isFinished(state)) return [];
  const silent = saga.steps.flatMap((step) => silentAttempts(step, state, now));
  if (silent.length > 0) return silent;
  return state.status === 'undoing'
    ? decideUndo(saga, state, now)
    : decideForward(saga, state, now, silentMs);
}

function decideForward(
  saga: Saga,
  state: RunState,
  now: number,
  silentMs: SilentMs,
): readonly JournalEvent[] {
  const error =
    findFailure(saga, state) ??
    (isCancelled(saga, state) ? new HoldfastError('CANCELLED').toRecord() : undefined);
  if (error !== undefined) {
    // What still runs ends first, lest an undo meets the work it takes back; who is dead is not waited for, and should
    // it only have been silent, the claim of the undo takes its place away.
    return anyAtWork(saga, state, silentMs) ? [] : [{ kind: 'undo-started', error }];
  }
  const open = saga.steps.filter((step) => !isDone(step, state));
  if (open.length === 0)
    return [{ kind: 'finished', outcome: saga.outcomeOf(outcomesOf(state)), error: null }];
  return open
    .filter((step) => isReady(saga, step, state) && !isPausing(state.steps[step.name], now))
    .map((step) => schedule(step.name, state.steps[step.name]));
}

/** What ends the run: a failure that no further attempt follows. Its siblings were cancelled for it, and are not why. */
export function findFailure(saga: Saga, state: RunState): ErrorRecord | undefined {
  const failed = saga.steps.flatMap((step) => terminalError(step, state.steps[step.name]));
  return failed.find(({ code }) => code !== 'CANCELLED') ?? failed[0];
}

function decideUndo(saga: Saga, state: RunState, now: number): readonly JournalEvent[] {
  for (const step of saga.steps.toReversed()) {
    if (step.undo === undefined || state.steps[step.name] === undefined) continue;
    const undo = state.steps[undoName(step.name)];
    if (undo === undefined) return [schedule(undoName(step.name), undefined)];
    if (undo.state === 'running') return [];
    if (undo.state === 'failed' && (undo.attempt < step.attemptsMax || STORE_TROUBLES.has(undo.error.code)))
      return isPausing(undo, now) ? [] : [schedule(undoName(step.name), undo)];
    if (undo.state === 'failed' && step.undo.tolerated !== true)
      return [{ kind: 'finished', outcome: 'stuck', error: undoError(step.name, undo.error) }];
  }
  return [{ kind: 'finished', outcome: outcomeOf(saga, state), error: state.error ?? null }];
}

/** Refused means nothing outside the coordinator was asked to do more than to look. */
function outcomeOf(saga: Saga, state: RunState): 'cancelled' | 'refused' | 'failed' {
  const code = state.error?.code ?? 'INTERNAL';
  if (code === 'CANCELLED') return 'cancelled';
  const touched = saga.steps.some(
    (step) => 'service' in step.work && step.looksOnly !== true && state.steps[step.name] !== undefined,
  );
  return CATALOGUE[code].exit === EXIT.refused && !touched ? 'refused' : 'failed';
}

/** A blip of store or database is over in seconds: the next attempt waits that long. */
const PAUSE_MS = 2_000;
const PAUSE_MAX_MS = 60_000;

function isPausing(step: StepState | undefined, now: number): boolean {
  if (step?.state !== 'failed') return false;
  const sinceMs = now - Date.parse(step.endedAt);
  // Negative: the clock was set back. Rather an attempt too early than a run that waits until it has caught up.
  return sinceMs >= 0 && sinceMs < Math.min(PAUSE_MS * step.attempt ** 2, PAUSE_MAX_MS);
}

function isReady(saga: Saga, step: SagaStep, state: RunState): boolean {
  if ('early' in step.work) return false;
  if (state.steps[step.name]?.state === 'running') return false;
  return step.after.every((name) =>
    isDone(
      saga.steps.find((other) => other.name === name)!,
      state,
    ),
  );
}

function isDone(step: SagaStep, state: RunState): boolean {
  return state.steps[step.name]?.state === 'completed' && step.stale?.(outcomesOf(state)) !== true;
}

/**
 * Whether a cancel is to be followed. After the last step that can be taken back it would promise what cannot be kept;
 * who asked for `forward` wants a switch that has begun to be finished.
 */
export function isCancelled(saga: Saga, state: RunState): boolean {
  if (state.cancel === undefined) return false;
  const begun = (step: SagaStep) => state.steps[step.name] !== undefined;
  if (begun(saga.steps.at(-1)!)) return false;
  return state.cancel === 'back' || !saga.steps.some((step) => step.pivot === true && begun(step));
}

function anyAtWork(saga: Saga, state: RunState, silentMs: SilentMs): boolean {
  return saga.steps.some(
    ({ name, work, deadlines }) =>
      !('early' in work) && state.steps[name]?.state === 'running' && silentMs(name) < deadlines.silenceMs,
  );
}

/** What of the store keeps a run from going on, if anything does. No attempt is spent on that. */
export function storeTrouble({ steps }: RunState): ErrorRecord | undefined {
  const failed = Object.values(steps).flatMap((step) => (step.state === 'failed' ? [step.error] : []));
  return failed.find(({ code }) => STORE_TROUBLES.has(code));
}

function terminalError(step: SagaStep, current: StepState | undefined): readonly ErrorRecord[] {
  if (current?.state !== 'failed' || STORE_TROUBLES.has(current.error.code)) return [];
  const again = CATALOGUE[current.error.code].retry === 'transient' && current.attempt < step.attemptsMax;
  return again ? [] : [current.error];
}

function silentAttempts(step: SagaStep, state: RunState, now: number): readonly JournalEvent[] {
  return [step.name, undoName(step.name)].flatMap((name) => {
    const current = state.steps[name];
    if (current?.state !== 'running' || now - Date.parse(current.since) < step.deadlines.closeMs) return [];
    const error = new HoldfastError('WORKER_SILENT', {
      step: name,
      waitedMs: step.deadlines.closeMs,
    }).toRecord();
    return [{ kind: 'step-failed' as const, step: name, attempt: current.attempt, error }];
  });
}

function schedule(step: string, current: StepState | undefined): JournalEvent {
  return { kind: 'step-scheduled', step, attempt: (current?.attempt ?? 0) + 1 };
}

function undoError(step: string, error: ErrorRecord): ErrorRecord {
  const wrapped = new HoldfastError(
    'UNDO_FAILED',
    { step, cause: error.code, remedy: error.remedy },
    { problems: error.problems },
  );
  return { ...wrapped.toRecord(), message: `${wrapped.message}: ${error.message}` };
}
