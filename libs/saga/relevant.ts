import { runIdOf } from '#libs/kernel/ids.ts';
import { lastFailedTrial } from './failed-trial.ts';
import { committedIds, prunedIds, standingHolds } from './kept-backups.ts';
import { openRuns, type LogEntry, type LogEvent } from './log.ts';
import { walkTriggers } from './triggers.ts';

/**
 * Slots and periodic runs are remembered by their number, not by a time, for clocks jump. Whoever forgets an older one
 * opens the same run again, which is there already. Of condemned lists the newest are asked for.
 */
const REMEMBERED = 32;

/** Runs that start by themselves so long after the last of their kind. */
const PERIODIC = ['drill', 'prune', 'replicate', 'scrub'] as const;

/** Cleanings have removed the manifests of older ones long ago: two years of hourly backups, and less than a megabyte. */
const PRUNED_MAX = 16_384;

/** A person's decisions: a few of each, and a repeated one must be seen to be one. */
const RARE = ['approved', 'restored', 'rolled-back', 'released', 'schedules-released'] as const;

/**
 * What still matters of a log: whoever reads it instead of the whole, with what was appended since, comes to the same
 * open runs, kept states, pending events, slots, periodic runs, holds, failed trial and order of backups. Pure; of its own result and the entries
 * after it, it makes what it makes of all of them.
 */
export function relevant(deployment: string, entries: readonly LogEntry[]): readonly LogEntry[] {
  const kept = new Set<LogEntry>([
    ...ofOpenRuns(entries),
    ...ofTriggers(deployment, entries),
    ...ofSlots(deployment, entries),
    ...ofPeriodic(entries),
    ...ofKind(entries, 'condemned').slice(-REMEMBERED),
    ...ofHolds(entries),
    ...(lastFailedTrial(entries)?.entries ?? []),
    ...RARE.flatMap((kind) => ofKind(entries, kind)),
  ]);
  for (const closed of endsOf(entries, kept)) kept.add(closed);
  const rest = entries.filter((entry) => kept.has(entry)).map((entry) => ({ ...entry, previous: '' }));
  return [...rest, ...commitsOf(entries), ...prunesOf(entries)].toSorted((a, b) => a.n - b.n);
}

/** Ten thousand commits are one entry, of nothing but what their order needs. */
function commitsOf(entries: readonly LogEntry[]): readonly LogEntry[] {
  const last = entries.findLast(({ event }) => event.kind === 'committed' || event.kind === 'commits');
  if (last === undefined) return [];
  return [{ ...last, previous: '', event: { kind: 'commits', backupIds: committedIds(entries) } }];
}

function prunesOf(entries: readonly LogEntry[]): readonly LogEntry[] {
  const last = entries.findLast(({ event }) => event.kind === 'pruned' || event.kind === 'prunes');
  if (last === undefined) return [];
  const backupIds = [...prunedIds(entries)].slice(-PRUNED_MAX);
  return [{ ...last, previous: '', event: { kind: 'prunes', backupIds } }];
}

function ofPeriodic(entries: readonly LogEntry[]): readonly LogEntry[] {
  const opened = ofKind(entries, 'opened');
  return PERIODIC.flatMap((kind) =>
    opened.filter(({ event }) => event.kind === 'opened' && event.runKind === kind).slice(-REMEMBERED),
  );
}

function ofHolds(entries: readonly LogEntry[]): readonly LogEntry[] {
  const standing = new Set<LogEntry['event']>(standingHolds(entries).values());
  return entries.filter(({ event }) => standing.has(event));
}

/** The entry that opened it, and the one that is its epoch. */
function ofOpenRuns(entries: readonly LogEntry[]): readonly LogEntry[] {
  const epochs = new Map(openRuns(entries).map(({ runId, epoch }) => [runId, epoch]));
  const opened = new Map<string, LogEntry>();
  for (const entry of entries) {
    if (entry.event.kind === 'closed') opened.delete(entry.event.runId);
    if (entry.event.kind === 'opened') opened.set(entry.event.runId, entry);
  }
  const last = entries.filter(({ n, event }) => 'runId' in event && epochs.get(event.runId) === n);
  return [...opened.values(), ...last];
}

/** Events that wait; and of each type one of its last run, so that the next keeps its distance. */
function ofTriggers(deployment: string, entries: readonly LogEntry[]): readonly LogEntry[] {
  const { pending, coverings } = walkTriggers(deployment, entries);
  const lastOfType = new Map<string, readonly LogEntry[]>();
  for (const { opened, named, covered } of coverings)
    for (const trigger of covered) lastOfType.set(trigger.event.type, [opened, named, trigger]);
  return [...pending, ...[...lastOfType.values()].flat()];
}

/** The schedule that counts, the last slots, and whether the run of the last one was opened. */
function ofSlots(deployment: string, entries: readonly LogEntry[]): readonly LogEntry[] {
  const slots = ofKind(entries, 'slot').slice(-REMEMBERED);
  const last = slots.at(-1)?.event;
  const runId = last?.kind === 'slot' ? runIdOf({ kind: 'slot', deployment, key: last.slot }) : undefined;
  const opened = entries.find(({ event }) => event.kind === 'opened' && event.runId === runId);
  return [...ofKind(entries, 'scheduled').slice(-1), ...slots, ...(opened === undefined ? [] : [opened])];
}

/** A run whose opening is remembered for another reason must not look open. */
function endsOf(entries: readonly LogEntry[], kept: ReadonlySet<LogEntry>): readonly LogEntry[] {
  const opened = new Set<string>();
  const ends = new Map<string, LogEntry>();
  for (const entry of entries) {
    const { event } = entry;
    if (event.kind === 'opened' && kept.has(entry)) opened.add(event.runId);
    if (event.kind === 'closed' && opened.has(event.runId)) ends.set(event.runId, entry);
  }
  return [...ends.values()];
}

function ofKind(entries: readonly LogEntry[], kind: LogEvent['kind']): readonly LogEntry[] {
  return entries.filter(({ event }) => event.kind === kind);
}
