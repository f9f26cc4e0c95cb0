import type { LogEntry } from './log.ts';
import { committedIds, prunedIds } from './kept-backups.ts';

/**
 * Backups newest first, in the order in which the log has their commits: an id holds the time of a clock, and clocks are
 * set back. What the log does not have was committed a moment ago, and its entry follows; what was pruned is left away. Pure.
 */
export function newestFirst(ids: readonly string[], entries: readonly LogEntry[]): readonly string[] {
  const position = new Map(committedIds(entries).map((id, index) => [id, index]));
  // Without any entry the log is lost or unreadable, and time is all there is.
  const placeOf = (id: string): number => position.get(id) ?? Infinity;
  const pruned = prunedIds(entries);
  const standing = ids.filter((id) => !pruned.has(id));
  return standing.toSorted((a, b) => {
    const [left, right] = [placeOf(a), placeOf(b)];
    if (left !== right) return right - left;
    return a < b ? 1 : -1;
  });
}
