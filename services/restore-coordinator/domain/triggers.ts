import type { ComponentName } from '#libs/contracts/sites.ts';
import { runIdOf } from '#libs/kernel/ids.ts';
import type { LogEntry } from '#libs/saga/log.ts';

/** An event that asked for a backup, as the deployment's log has it. */
export interface Trigger {
  readonly key: string;
  readonly type: string;
  readonly debounceMs: number;
  readonly minIntervalMs: number;
  /** What it wants backed up; absent: all. */
  readonly components?: readonly ComponentName[];
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
 * The log alone says what is pending: a run named by a pending event covers every event of the same components that was
 * recorded before it was opened. So a coordinator that stopped anywhere in between opens the same run again.
 */
export function foldTriggers(deployment: string, entries: readonly LogEntry[]): Triggers {
  const known = new Set<string>();
  const runOf = new Map<string, string>();
  const lastRunMs = new Map<string, number>();
  let pending: Trigger[] = [];
  for (const { at, event } of entries) {
    const atMs = Date.parse(at);
    if (event.kind === 'triggered' && !known.has(event.key)) {
      const { kind: _, ...trigger } = event;
      known.add(trigger.key);
      pending.push({ ...trigger, atMs });
    }
    if (event.kind !== 'opened') continue;
    const { runId } = event;
    const named = pending.find(({ key }) => runIdOf({ kind: 'event', deployment, key }) === runId);
    if (named === undefined) continue;
    const covered = pending.filter((trigger) => scopeOf(trigger) === scopeOf(named));
    for (const { key, type } of covered) {
      runOf.set(key, runId);
      lastRunMs.set(type, atMs);
    }
    pending = pending.filter((trigger) => !covered.includes(trigger));
  }
  return { pending, runOf, lastRunMs };
}

/** The run that pending events ask for; one of them that is due takes along the others that want the same components. */
export interface Asked {
  readonly oldest: Trigger;
  readonly keys: readonly string[];
  readonly dueMs: number;
}

export function askedRuns({ pending, lastRunMs }: Triggers, nowMs: number): readonly Asked[] {
  return Object.values(Object.groupBy(pending, scopeOf)).map((group) => {
    const same = group!;
    const due = Object.entries(Object.groupBy(same, ({ type }) => type)).map(([type, burst]) =>
      Math.max(quietMs(burst!, nowMs), spacedMs(burst!.at(-1)!, lastRunMs.get(type), nowMs)),
    );
    return { oldest: same[0]!, keys: same.map(({ key }) => key), dueMs: Math.min(...due) };
  });
}

function scopeOf({ components = [] }: Trigger): string {
  return components.join();
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
