import { Cron } from 'croner';

/** When something is due by itself: five cron fields, read in a time zone. */
export interface Schedule {
  readonly expression: string;
  readonly timezone: string;
}

/** Any time: asked whether a pattern ever fits, the answer does not depend on it. */
const SOME_TIME = new Date('2026-01-01T00:00:00Z');

/** Seconds and years are left out on purpose: a backup each second is a slip of the pen. */
export function isSchedule(expression: string): boolean {
  if (expression.trim().split(/\s+/).length !== 5) return false;
  try {
    return cronOf({ expression, timezone: 'UTC' }).nextRun(SOME_TIME) !== null;
  } catch {
    return false;
  }
}

export function isTimezone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** The newest slot at or before the time; milliseconds since the epoch. */
export function newestSlot(schedule: Schedule, nowMs: number): number | undefined {
  return cronOf(schedule)
    .previousRuns(1, new Date(nowMs + 1))[0]
    ?.getTime();
}

/** The first slot after the time. */
export function nextSlot(schedule: Schedule, nowMs: number): number | undefined {
  return cronOf(schedule).nextRun(new Date(nowMs))?.getTime();
}

/** Paused: it computes times and starts no timer. */
function cronOf({ expression, timezone }: Schedule): Cron {
  return new Cron(expression, { timezone, paused: true });
}
