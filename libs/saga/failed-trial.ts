import type { LogEntry } from './log.ts';

/** Runs in which a backup is restored, or read again where it lies. */
const TRIALS: ReadonlySet<string> = new Set(['restore', 'drill', 'verify']);
const WITHOUT_FAULT: ReadonlySet<string> = new Set(['completed', 'partial', 'cancelled']);

export interface FailedTrial {
  readonly opened: LogEntry;
  readonly closed: LogEntry;
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
    if (opened !== undefined && !WITHOUT_FAULT.has(event.outcome)) failed = { opened, closed: entry };
  }
  return failed;
}
