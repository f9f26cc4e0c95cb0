import type { LogEntry } from '#libs/saga/log.ts';

/**
 * Whether whatever a condemned list named has nobody left in this deployment who may not know of it: there is a
 * `condemned` entry with this list or a newer one, and all runs that were opened before it are closed. Those that clean
 * read the lists themselves. Pure.
 */
export function isSettled(entries: readonly LogEntry[], list: number): boolean {
  const mark = entries.find(({ event }) => event.kind === 'condemned' && event.list >= list);
  if (mark === undefined) return false;
  const opened = new Map<string, number>();
  for (const { n, event } of entries) {
    if (event.kind === 'opened' && event.runKind !== 'prune') opened.set(event.runId, n);
    if (event.kind === 'closed') opened.delete(event.runId);
  }
  return [...opened.values()].every((n) => n > mark.n);
}
