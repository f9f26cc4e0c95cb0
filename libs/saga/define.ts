import type { ServiceName } from '#libs/contracts/services.ts';
import type { Verb } from '#libs/contracts/step.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { RunHeader } from './journal.ts';
import type { LogEntry } from './log.ts';

/** Outcomes of completed steps, by step name. */
export type Outcomes = Readonly<Record<string, Json>>;

/** Work of a worker, sent by queue. The request is built from the run and earlier outcomes. */
export interface CommandWork {
  readonly service: ServiceName;
  readonly verb: Verb;
  /** Absent: any will do, and it is the coordinator's own. */
  readonly site?: string;
  readonly request: (header: RunHeader, outcomes: Outcomes) => Json;
  /** Instead of the run's own: JSON of a Relocation that an earlier step answered. */
  readonly relocation?: (header: RunHeader, outcomes: Outcomes) => string;
}

/** Work of the coordinator itself: idempotent, its result object is stored like any other. */
export interface LocalWork {
  readonly local: string;
}

/** A result that another step's worker publishes early. */
export interface EarlyWork {
  readonly early: string;
}

/** How long each kind of waiting for a step may last. */
export interface Deadlines {
  /** Start to close: without a result by then the attempt counts as lost (WORKER_SILENT). */
  readonly closeMs: number;
  /** Without a sign of life the command is sent again, for the bus may have lost it; an undo does not wait for it. */
  readonly silenceMs: number;
  /** Nobody has begun it: said wherever the run is shown. It goes on waiting, for workers may come back. */
  readonly queueMs: number;
}

/** A worker at work is heard of every ten seconds (libs/runtime/worker.ts): after this it is dead, stopped or cut off. */
const SILENCE_MS = 35_000;
const QUEUE_MS = 60_000;

export function within(closeMs: number): Deadlines {
  return { closeMs, silenceMs: SILENCE_MS, queueMs: QUEUE_MS };
}

export interface SagaStep {
  readonly name: string;
  /** Steps that must be completed first. */
  readonly after: readonly string[];
  readonly work: CommandWork | LocalWork | EarlyWork;
  /** Transient failures are tried again as a new attempt, up to this many in all. */
  readonly attemptsMax: number;
  readonly deadlines: Deadlines;
  /** What takes it back once it was scheduled. Undone in reverse order of the list. */
  readonly undo?: {
    readonly work: CommandWork;
    /** Its failure is said, and does not stop the rest. */ readonly tolerated?: boolean;
  };
  /** It switches the living system: who cancels chooses whether that is taken back or finished. */
  readonly pivot?: true;
  /** It only reads: a run that went no further has touched nothing, and its failure is a refusal. */
  readonly looksOnly?: true;
  /** A completed outcome that no longer fits the others is done again as a new attempt. */
  readonly stale?: (outcomes: Outcomes) => boolean;
}

/** The same five parts in the same order: parameters, steps with their undo, order (`after`), bodies. */
export interface Saga {
  readonly kind: string;
  /** Exclusive runs (restore) need the deployment alone; shared ones (backup) run beside each other. */
  readonly exclusive: boolean;
  readonly steps: readonly SagaStep[];
  /** What was chosen before the lock was there must still be so under it: by the deployment's log. Absent: anything goes. */
  readonly stillHolds?: (log: readonly LogEntry[]) => boolean;
  /** How a run whose steps all completed ended. */
  readonly outcomeOf: (outcomes: Outcomes) => 'completed' | 'partial';
}

export const undoName = (step: string) => `undo.${step}`;
