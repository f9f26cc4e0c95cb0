import type { Lock } from '#libs/contracts/lock.ts';
import { durationMs } from '#libs/kernel/duration.ts';
import { calendarIn, UNITS, type Unit } from './period.ts';
import type { Candidate } from './retention.ts';

export interface LockFacts {
  readonly lock: Lock;
  readonly timezone: string;
  /** In the order of their commits, the newest first. */
  readonly backups: readonly Candidate[];
  /** Ids of those that were forgotten: their periods are taken. */
  readonly forgotten: Iterable<string>;
  /** Backups that retention keeps. */
  readonly kept: ReadonlySet<string>;
  /** Those of them that somebody holds. */
  readonly held: Pick<ReadonlySet<string>, 'has'>;
  readonly nowMs: number;
}

export interface BackupLock {
  readonly backupId: string;
  readonly rule: Unit['rule'] | 'hold';
  readonly untilMs: number;
}

/** While retention keeps a backup its lock has so much left at least, and is extended to a day of this grid. */
const AHEAD_MS = 7 * 86_400_000;

/**
 * Of each kept backup how long it is to be locked, the newest first. It is of the highest class, among those the policy
 * has, whose period had no whole backup before it; one that came second everywhere is not locked. From its commit on, and
 * never from a time to come: a clock that was ahead must not lock for longer than the policy says. One that is held is
 * locked, of whatever class, as long as the hold stands. Pure.
 */
export function planLocks({ lock, backups, kept, held, nowMs, ...facts }: LockFacts): readonly BackupLock[] {
  const classes = classesOf({ ...facts, backups });
  return backups.flatMap((backup): readonly BackupLock[] => {
    if ('damaged' in backup || !kept.has(backup.backupId)) return [];
    const { backupId, committedAt } = backup;
    const rule = classes.get(backupId)?.findLast((each) => lock[each] !== undefined);
    if (rule === undefined)
      return held.has(backupId) ? [{ backupId, rule: 'hold', untilMs: extendedMs(nowMs) }] : [];
    const wantedMs = Math.min(Date.parse(committedAt), nowMs) + durationMs(lock[rule]!);
    return [{ backupId, rule, untilMs: Math.max(wholeSeconds(wantedMs), extendedMs(nowMs)) }];
  });
}

/** Of each whole backup the classes of which it is the first of a period, in the order of `UNITS`. */
function classesOf({
  timezone,
  backups,
  forgotten,
}: Pick<LockFacts, 'timezone' | 'backups' | 'forgotten'>): ReadonlyMap<string, readonly Unit['rule'][]> {
  const calendar = calendarIn(timezone);
  const taken = new Set<string>();
  const take = (time: string) =>
    UNITS.flatMap((unit) => {
      const period = calendar(unit, time);
      const isFirst = !taken.has(period);
      taken.add(period);
      return isFirst ? [unit.rule] : [];
    });
  for (const id of forgotten) {
    const time = timeOf(id);
    if (time !== undefined) take(time);
  }
  const classes = new Map<string, readonly Unit['rule'][]>();
  for (const backup of backups.toReversed())
    if ('isWhole' in backup && backup.isWhole) classes.set(backup.backupId, take(backup.startedAt));
  return classes;
}

/** `20261124T023000Z-1a2b3c4d` begins with when it was started. */
function timeOf(backupId: string): string | undefined {
  const iso = backupId.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-.*$/, '$1-$2-$3T$4:$5:$6Z');
  return Number.isNaN(Date.parse(iso)) ? undefined : iso;
}

/** Between one and two weeks from now, and the same for a week: not every prune has to extend every lock. */
function extendedMs(nowMs: number): number {
  return Math.ceil((nowMs + AHEAD_MS) / AHEAD_MS) * AHEAD_MS;
}

/** Stores may keep no more of a time. */
function wholeSeconds(ms: number): number {
  return Math.ceil(ms / 1000) * 1000;
}
