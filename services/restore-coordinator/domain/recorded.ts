import type { LogEntry, LogEvent } from '#libs/saga/log.ts';
import { committedIds } from '#libs/saga/relevant.ts';

/** Whether the log has this fact already: a step that runs twice, or a coordinator that was stopped, says it once. Pure. */
export function isRecorded(entries: readonly LogEntry[], event: LogEvent): boolean {
  switch (event.kind) {
    case 'committed':
      return committedIds(entries).includes(event.backupId);
    case 'approved':
    case 'restored':
    case 'rolled-back':
    case 'released':
    case 'schedules-released':
      return entries.some((entry) => entry.event.kind === event.kind && entry.event.runId === event.runId);
    case 'triggered':
      return entries.some((entry) => entry.event.kind === 'triggered' && entry.event.key === event.key);
    case 'slot':
      return entries.some((entry) => entry.event.kind === 'slot' && entry.event.slot === event.slot);
    case 'pruned':
      return entries.some(
        (entry) => entry.event.kind === 'pruned' && entry.event.backupId === event.backupId,
      );
    case 'condemned':
      return entries.some((entry) => entry.event.kind === 'condemned' && entry.event.list >= event.list);
    case 'held':
    case 'hold-lifted': {
      const last = entries.findLast(
        (entry) =>
          (entry.event.kind === 'held' || entry.event.kind === 'hold-lifted') &&
          entry.event.backupId === event.backupId,
      );
      return (last?.event.kind ?? 'hold-lifted') === event.kind;
    }
    case 'opened':
    case 'taken-over':
    case 'closed':
    case 'scheduled':
    case 'value-released':
      return false;
    default:
      return event satisfies never;
  }
}
