import type { LogEntry } from './log.ts';

/** Runs in which a backup is restored, or read again where it lies. */
const TRIALS: ReadonlySet<string> = new Set(['restore', 'drill', 'verify']);
const WITHOUT_FAULT: ReadonlySet<string> = new Set(['completed', 'cancelled']);

export interface FailedTrial {
  readonly runId: string;
  /** When it was closed. */
  readonly at: string;
  /** Of its opening and its end. */
  readonly entries: readonly [LogEntry, LogEntry];
}

/** The last one that ended without what it was to show, whatever the reason. Pure. */
export function lastFailedTrial(entries: readonly LogEntry[]): FailedTrial | undefined {
  const trials = new Map<string, LogEntry>();
  let failed: FailedTrial | undefined;
  for (const entry of entries) {
    const { event } = entry;
    if (event.kind === 'opened' && TRIALS.has(event.runKind)) trials.set(event.runId, entry);
    if (event.kind !== 'closed') continue;
    const opened = trials.get(event.runId);
    if (opened !== undefined && !WITHOUT_FAULT.has(event.outcome))
      failed = { runId: event.runId, at: entry.at, entries: [opened, entry] };
  }
  return failed;
}
