import type { LogEntry, LogEvent } from './log.ts';

/** A person's word that a backup stays. */
export type Hold = Extract<LogEvent, { readonly kind: 'held' }>;

/** Ids of backups with a tombstone. Pure. */
export function prunedIds(entries: readonly LogEntry[]): ReadonlySet<string> {
  return new Set(
    entries.flatMap(({ event }) => {
      if (event.kind === 'prunes') return event.backupIds;
      return event.kind === 'pruned' ? [event.backupId] : [];
    }),
  );
}

/** Ids of backups in the order of their commits; one with a tombstone is none, whatever is said of it later. Pure. */
export function committedIds(entries: readonly LogEntry[]): readonly string[] {
  const pruned = prunedIds(entries);
  const ids = entries.flatMap(({ event }) => {
    if (event.kind === 'commits') return event.backupIds;
    return event.kind === 'committed' ? [event.backupId] : [];
  });
  return [...new Set(ids)].filter((id) => !pruned.has(id));
}

/** Holds that stand, by backup. Pure. */
export function standingHolds(entries: readonly LogEntry[]): ReadonlyMap<string, Hold> {
  const holds = new Map<string, Hold>();
  for (const { event } of entries) {
    if (event.kind === 'held') holds.set(event.backupId, event);
    if (event.kind === 'hold-lifted') holds.delete(event.backupId);
  }
  return holds;
}
