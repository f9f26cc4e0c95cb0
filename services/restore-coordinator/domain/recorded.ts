import type { LogEntry, LogEvent } from '#libs/saga/log.ts';
import { committedIds, prunedIds, standingHolds } from '#libs/saga/kept-backups.ts';

/** Whether the log has this fact already: a step that runs twice, or a coordinator that was stopped, says it once. Pure. */
export function isRecorded(entries: readonly LogEntry[], event: LogEvent): boolean {
  switch (event.kind) {
    case 'committed':
      return committedIds(entries).includes(event.backupId) || prunedIds(entries).has(event.backupId);
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
      return prunedIds(entries).has(event.backupId);
    case 'condemned':
      return entries.some((entry) => entry.event.kind === 'condemned' && entry.event.list >= event.list);
    case 'held':
      return standingHolds(entries).has(event.backupId);
    case 'hold-lifted':
      return !standingHolds(entries).has(event.backupId);
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
