import { keepText, type Keep } from '#libs/contracts/keep.ts';
import { calendarIn, UNITS, type Calendar, type Unit } from './period.ts';

/** A committed backup as retention sees it; of a damaged manifest nothing more is known. */
export type Candidate = SoundCandidate | { readonly backupId: string; readonly damaged: string };

export interface SoundCandidate {
  readonly backupId: string;
  /** RFC 3339: when its run was opened, and when it was committed, by one clock. */
  readonly startedAt: string;
  readonly committedAt: string;
  /** Complete, and of all components. */
  readonly isWhole: boolean;
}

export interface RetentionFacts {
  /** Absent: all stay. */
  readonly keep: Keep | undefined;
  readonly timezone: string;
  /** In the order of their commits, the newest first. */
  readonly backups: readonly Candidate[];
  /** Backups that stay whatever the policy says, each with why in words: held, proved, read by a run. */
  readonly kept: readonly Kept[];
}

export interface Kept {
  readonly backupId: string;
  readonly reason: string;
}

export interface RetentionChoice {
  readonly backupId: string;
  readonly isKept: boolean;
  /** All of them, in words. */
  readonly reasons: readonly string[];
}

/** Clocks that are kept in time are within this: commits of two coordinators may seem to be so much out of order. */
const SKEW_MS = 5 * 60_000;

/**
 * For each backup whether it stays, and why. Counts decide, and no time of now: periods are counted among those that
 * have a backup, in the order of the log. Pure.
 */
export function planRetention(facts: RetentionFacts): readonly RetentionChoice[] {
  const { keep, backups } = facts;
  const kept = Map.groupBy(
    [...facts.kept, ...(keep === undefined ? [] : keptByPolicy(keep, facts))],
    ({ backupId }) => backupId,
  );
  const otherwise = keep === undefined ? undefined : `no rule keeps it: ${keepText(keep)}`;
  return backups.map(({ backupId }) => {
    const reasons = (kept.get(backupId) ?? []).map(({ reason }) => reason);
    if (reasons.length > 0) return { backupId, isKept: true, reasons };
    return otherwise === undefined
      ? { backupId, isKept: true, reasons: ['nothing is ever removed: the spec has no policy.keep'] }
      : { backupId, isKept: false, reasons: [otherwise] };
  });
}

function keptByPolicy(keep: Keep, { backups, timezone }: RetentionFacts): readonly Kept[] {
  const sound = backups.filter((backup) => 'isWhole' in backup);
  const odd = outOfOrder(sound);
  const dated = sound.filter((backup) => !odd.has(backup));
  const calendar = calendarIn(timezone);
  return [
    ...backups.flatMap(({ backupId, ...rest }) =>
      'damaged' in rest ? [{ backupId, reason: `its manifest is damaged: ${rest.damaged}` }] : [],
    ),
    ...[...odd].map(({ backupId }) => ({
      backupId,
      reason: 'its times contradict the order of the log: a clock was wrong',
    })),
    ...keptAsLast(sound, keep.last),
    ...UNITS.flatMap((unit) => keptByPeriod(dated, unit, { count: keep[unit.rule] ?? 0, calendar })),
  ];
}

/**
 * By their clock these, one after the other in the log, came the other way round. Which one is wrong nobody knows: both
 * stay, and take no period away from others.
 */
function outOfOrder(sound: readonly SoundCandidate[]): ReadonlySet<SoundCandidate> {
  const odd = new Set<SoundCandidate>();
  for (const [at, backup] of sound.entries()) {
    const [started, committed] = [Date.parse(backup.startedAt), Date.parse(backup.committedAt)];
    if (!(started <= committed + SKEW_MS)) odd.add(backup);
    const older = sound[at + 1];
    if (older !== undefined && Date.parse(older.committedAt) > committed + SKEW_MS)
      odd.add(backup).add(older);
  }
  return odd;
}

/** The newest whole ones, and whatever is newer than the oldest of them: parts may be newest of their kind. */
function keptAsLast(sound: readonly SoundCandidate[], last: number): readonly Kept[] {
  const whole = sound.filter(({ isWhole }) => isWhole);
  const oldest = whole[last - 1];
  const until = oldest === undefined ? sound.length : sound.indexOf(oldest) + 1;
  return sound.slice(0, until).map(({ backupId, isWhole }) => ({
    backupId,
    reason: isWhole
      ? `one of the newest (last ${last})`
      : `newer than the last ${last} complete ones of everything`,
  }));
}

/** Of each of the newest periods the newest whole backup; another one only where there is no whole one. */
function keptByPeriod(
  dated: readonly SoundCandidate[],
  unit: Unit,
  { count, calendar }: { readonly count: number; readonly calendar: Calendar },
): readonly Kept[] {
  const periods = Map.groupBy(dated, ({ startedAt }) => calendar(unit, startedAt));
  return [...periods].slice(0, count).map(([period, inIt]) => ({
    backupId: (inIt.find(({ isWhole }) => isWhole) ?? inIt[0]!).backupId,
    reason: `newest of ${period} (${unit.rule} ${count})`,
  }));
}
