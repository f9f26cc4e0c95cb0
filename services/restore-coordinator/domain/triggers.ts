import { runIdOf } from '#libs/kernel/ids.ts';
import type { LogEntry } from '#libs/saga/log.ts';

/** An event that asked for a backup, as the deployment's log has it. */
export interface Trigger {
  readonly key: string;
  readonly type: string;
  readonly debounceMs: number;
  readonly minIntervalMs: number;
  readonly atMs: number;
}

export interface Triggers {
  /** Not covered yet, oldest first. */
  readonly pending: readonly Trigger[];
  /** Key of an event → the run that was opened for it, or for the burst it came in. */
  readonly runOf: ReadonlyMap<string, string>;
  /** Type of an event → when its last run was opened. */
  readonly lastRunMs: ReadonlyMap<string, number>;
}

/** A burst that never ends is backed up after so many quiet times. */
const BURST_QUIETS_MAX = 10;

/** Same source and id: same event. */
export function triggerKey(source: string, id: string): string {
  return JSON.stringify([source, id]);
}

/**
 * The log alone says what is pending: a run named by the oldest pending event covers every event that was recorded
 * before it was opened. So a coordinator that stopped anywhere in between opens the same run again.
 */
export function foldTriggers(deployment: string, entries: readonly LogEntry[]): Triggers {
  const known = new Set<string>();
  const runOf = new Map<string, string>();
  const lastRunMs = new Map<string, number>();
  let pending: Trigger[] = [];
  for (const { at, event } of entries) {
    const atMs = Date.parse(at);
    if (event.kind === 'triggered' && !known.has(event.key)) {
      const { key, type, debounceMs, minIntervalMs } = event;
      known.add(key);
      pending.push({ key, type, debounceMs, minIntervalMs, atMs });
    }
    const oldest = pending[0];
    if (event.kind !== 'opened' || oldest === undefined) continue;
    if (event.runId !== runIdOf({ kind: 'event', deployment, key: oldest.key })) continue;
    for (const { key, type } of pending) {
      runOf.set(key, event.runId);
      lastRunMs.set(type, atMs);
    }
    pending = [];
  }
  return { pending, runOf, lastRunMs };
}

/** When the pending events ask for their run; undefined without any. One of them that is due takes the others along. */
export function triggersDueMs({ pending, lastRunMs }: Triggers, nowMs: number): number | undefined {
  const types = new Set(pending.map(({ type }) => type));
  const due = [...types].map((type) => {
    const burst = pending.filter((trigger) => trigger.type === type);
    return Math.max(quietMs(burst, nowMs), spacedMs(burst.at(-1)!, lastRunMs.get(type), nowMs));
  });
  return due.length === 0 ? undefined : Math.min(...due);
}

/** The end of the quiet time after the newest event of a burst. */
function quietMs(burst: readonly Trigger[], nowMs: number): number {
  const { atMs, debounceMs } = burst.at(-1)!;
  // The clock went back: rather a backup too early than one after a wait of unknown length.
  if (atMs > nowMs) return nowMs;
  return Math.min(atMs + debounceMs, burst[0]!.atMs + BURST_QUIETS_MAX * debounceMs);
}

function spacedMs({ minIntervalMs }: Trigger, lastRunMs: number | undefined, nowMs: number): number {
  return lastRunMs === undefined || lastRunMs > nowMs ? nowMs : lastRunMs + minIntervalMs;
}
