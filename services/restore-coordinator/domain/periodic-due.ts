import { durationMs } from '#libs/kernel/duration.ts';
import type { LogEntry } from '#libs/saga/log.ts';

/** Runs that a policy wants so long after the last of their kind. */
export type PeriodicKind = 'drill' | 'prune' | 'replicate' | 'scrub';

/** A run further ahead than this was opened by a clock gone wrong, and must not keep the next one waiting for years. */
const AHEAD_MAX_MS = 86_400_000;

/**
 * Key of the slot whose run is to start now; undefined while the last of its kind, however it ended, is young enough. The
 * same slot is the same run, so that two coordinators start one. Pure.
 */
export function periodicDue(
  { kind, every }: { readonly kind: PeriodicKind; readonly every: string },
  log: readonly Pick<LogEntry, 'at' | 'event'>[],
  now: number,
): string | undefined {
  const opened = log
    .filter(({ event }) => event.kind === 'opened' && event.runKind === kind)
    .map(({ at }) => Date.parse(at));
  const sound = opened.filter((time) => time <= now + AHEAD_MAX_MS);
  if (Math.max(...sound) > now - durationMs(every)) return undefined;
  const newest = Math.max(...(sound.length === 0 ? opened : sound));
  return `${kind}/${opened.length === 0 ? 'first' : new Date(newest).toISOString()}`;
}
