import { newestSlot, nextSlot, type Schedule } from '#libs/contracts/schedule.ts';
import { runIdOf } from '#libs/kernel/ids.ts';
import type { LogEntry, LogEvent } from '#libs/saga/log.ts';

/** What a schedule asks for at a time. */
export interface SlotPlan {
  /** To be in the log before anything is opened. */
  readonly record: readonly LogEvent[];
  /** The slot whose run is to be opened; RFC 3339, and the run's key. */
  readonly slot: string | undefined;
  readonly nextMs: number | undefined;
}

/** Clocks are set right by seconds or an hour; a slot further ahead than this was written by a clock gone wrong. */
const AHEAD_MAX_MS = 86_400_000;

/**
 * The newest slot since the last one that was taken: after a pause that is one run, however many were missed. A slot
 * counts from the time its schedule was first seen, so that declaring one in the afternoon backs up nothing at once;
 * and a clock gone back finds every slot it comes to again taken.
 */
export function planSlot(
  deployment: string,
  entries: readonly LogEntry[],
  schedule: Schedule | undefined,
  nowMs: number,
): SlotPlan {
  const { expression = '', timezone = '' } = schedule ?? {};
  const seen = entries.findLast(({ event }) => event.kind === 'scheduled');
  const isSeen =
    seen?.event.kind === 'scheduled' &&
    seen.event.schedule === expression &&
    seen.event.timezone === timezone;
  const nextMs = schedule === undefined ? undefined : nextSlot(schedule, nowMs);
  if (!isSeen && (seen !== undefined || schedule !== undefined))
    return { record: [{ kind: 'scheduled', schedule: expression, timezone }], slot: undefined, nextMs };
  if (schedule === undefined || seen === undefined) return { record: [], slot: undefined, nextMs };
  const newest = newestSlot(schedule, nowMs);
  if (newest !== undefined && newest > takenUntilMs(entries, Date.parse(seen.at), nowMs)) {
    const slot = new Date(newest).toISOString();
    return { record: [{ kind: 'slot', slot }], slot, nextMs };
  }
  return { record: [], slot: unopened(deployment, entries), nextMs };
}

function takenUntilMs(entries: readonly LogEntry[], sinceMs: number, nowMs: number): number {
  const taken = entries.flatMap(({ event }) => (event.kind === 'slot' ? [Date.parse(event.slot)] : []));
  return Math.max(...[sinceMs, ...taken].filter((time) => time <= nowMs + AHEAD_MAX_MS));
}

/** Recorded, but the coordinator stopped before its run was opened. */
function unopened(deployment: string, entries: readonly LogEntry[]): string | undefined {
  const last = entries.findLast(({ event }) => event.kind === 'slot')?.event;
  if (last?.kind !== 'slot') return undefined;
  const runId = runIdOf({ kind: 'slot', deployment, key: last.slot });
  return entries.some(({ event }) => event.kind === 'opened' && event.runId === runId)
    ? undefined
    : last.slot;
}
