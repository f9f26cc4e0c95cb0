import type { ErrorRecord } from '#libs/kernel/errors.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { Phase } from '#libs/contracts/step.ts';
import type { CancelChoice } from './cancel.ts';
import type { JournalEntry, JournalEvent, RunHeader, RunOutcome } from './journal.ts';

export type StepState =
  /** `since`: what deadlines count from; a run that nobody drove for a while is not late for that. */
  | {
      readonly state: 'running';
      readonly attempt: number;
      readonly startedAt: string;
      readonly since: string;
    }
  | {
      readonly state: 'completed';
      readonly attempt: number;
      readonly startedAt: string;
      readonly endedAt: string;
      readonly outcome: Json;
      readonly phases: readonly Phase[];
    }
  | {
      readonly state: 'failed';
      readonly attempt: number;
      readonly startedAt: string;
      readonly endedAt: string;
      readonly error: ErrorRecord;
    };

export interface RunState {
  readonly header: RunHeader;
  /** Zero until the run is owned. */
  readonly epoch: number;
  /** The coordinator that drives it; '' until it is owned. */
  readonly owner: string;
  /** `queued`: open, and no coordinator has room for it yet. */
  readonly status: 'queued' | 'running' | 'undoing' | RunOutcome;
  readonly steps: Readonly<Record<string, StepState>>;
  readonly cancel: CancelChoice | undefined;
  readonly error: ErrorRecord | undefined;
  readonly finishedAt: string | undefined;
}

/** Pure: the same entries always give the same state. Undefined before the run was started. */
export function fold(entries: readonly JournalEntry[]): RunState | undefined {
  return entries.reduce<RunState | undefined>(
    (state, entry) => apply(state, entry.event, entry.at),
    undefined,
  );
}

function apply(state: RunState | undefined, event: JournalEvent, at: string): RunState | undefined {
  if (event.kind === 'started') return start(event.header);
  if (state === undefined) return undefined;
  switch (event.kind) {
    case 'owned':
      return own(state, event, at);
    case 'step-scheduled':
      return withStep(state, event.step, {
        state: 'running',
        attempt: event.attempt,
        startedAt: at,
        since: at,
      });
    case 'step-completed': {
      const { attempt, outcome, phases } = event;
      return withStep(state, event.step, {
        state: 'completed',
        attempt,
        startedAt: startOf(state, event.step, at),
        endedAt: at,
        outcome,
        phases,
      });
    }
    case 'step-failed':
      return withStep(state, event.step, {
        state: 'failed',
        attempt: event.attempt,
        startedAt: startOf(state, event.step, at),
        endedAt: at,
        error: event.error,
      });
    case 'cancel-requested':
      return { ...state, cancel: event.choice ?? 'back' };
    case 'undo-started':
      return { ...state, status: 'undoing', error: event.error };
    case 'finished':
      return { ...state, status: event.outcome, error: event.error ?? undefined, finishedAt: at };
    default:
      return event satisfies never;
  }
}

function start(header: RunHeader): RunState {
  return {
    header,
    epoch: 0,
    owner: '',
    status: 'queued',
    steps: {},
    cancel: undefined,
    error: undefined,
    finishedAt: undefined,
  };
}

/** Of two that took a run over the later one counts, in whatever order they came to write it. */
function own(state: RunState, { epoch, by = '' }: JournalEvent & { kind: 'owned' }, at: string): RunState {
  if (epoch < state.epoch) return state;
  const status = state.status === 'queued' ? 'running' : state.status;
  return { ...state, epoch, owner: by, status, steps: restarted(state.steps, at) };
}

function restarted(steps: RunState['steps'], since: string): RunState['steps'] {
  return Object.fromEntries(
    Object.entries(steps).map(([name, step]) => [name, step.state === 'running' ? { ...step, since } : step]),
  );
}

function withStep(state: RunState, name: string, step: StepState): RunState {
  return { ...state, steps: { ...state.steps, [name]: step } };
}

function startOf(state: RunState, step: string, at: string): string {
  return state.steps[step]?.startedAt ?? at;
}

const UNFINISHED: ReadonlySet<RunState['status']> = new Set(['queued', 'running', 'undoing']);

export function isFinished(state: RunState): boolean {
  return !UNFINISHED.has(state.status);
}

export function outcomesOf(state: RunState): Readonly<Record<string, Json>> {
  return Object.fromEntries(
    Object.entries(state.steps).flatMap(([name, step]) =>
      step.state === 'completed' ? [[name, step.outcome]] : [],
    ),
  );
}
