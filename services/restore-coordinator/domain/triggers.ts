import { scopeOf, type Trigger, type Triggers } from '#libs/saga/triggers.ts';

/** A burst that never ends is backed up after so many quiet times. */
const BURST_QUIETS_MAX = 10;

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
