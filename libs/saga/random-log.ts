import fc from 'fast-check';
import { runIdOf } from '#libs/kernel/ids.ts';
import type { LogEntry, LogEvent } from './log.ts';
import { foldTriggers } from './triggers.ts';

/** Of every log that is made here. */
export const RANDOM_DEPLOYMENT = 'records';

const RUNS = Array.from({ length: 6 }, (_, n) => `request-${n}`);
const HOUR_MS = 3_600_000;

const act = fc.record({
  what: fc.constantFrom(
    'open',
    'take',
    'close',
    'commit',
    'trigger',
    'cover',
    'schedule',
    'slot',
    'drill',
    'verify',
    'restore',
    'roll',
    'release',
    'value',
    'prune-run',
    'hold',
    'lift',
    'prune',
    'condemn',
  ),
  which: fc.nat(),
  other: fc.nat(),
  /** Clocks go on by hours, and now and then back, or years ahead. */
  hours: fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 0, max: 30 }) },
    fc.constantFrom(-50, 40_000, -40_000),
  ),
});
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;

/** Logs as coordinators write them: of a few runs, events, slots and restores, under a clock that jumps. */
export const randomLog: fc.Arbitrary<readonly LogEntry[]> = fc
  .array(act, { maxLength: 120, size: 'max' })
  .map((acts) => {
    const entries: LogEntry[] = [];
    let now = Date.UTC(2026, 0, 1);
    for (const each of acts) {
      now += each.hours * HOUR_MS;
      const event = eventOf(each, entries, now);
      if (event !== undefined)
        entries.push({ n: entries.length, at: new Date(now).toISOString(), previous: '', event });
    }
    return entries;
  });

function eventOf(
  { what, which, other }: Act,
  entries: readonly LogEntry[],
  now: number,
): LogEvent | undefined {
  const pick = <T>(from: readonly T[]): T | undefined => from[which % from.length];
  const runId = pick(RUNS)!;
  const opened = { kind: 'opened', exclusive: other % 5 === 0, principal: 'p' } as const;
  const restoreRunId = `restore-${which % 5}`;
  switch (what) {
    case 'open':
      return { ...opened, runId, runKind: 'backup' };
    case 'drill':
      return { ...opened, runId: `drill-${which % 9}`, runKind: 'drill' };
    case 'verify':
      return { ...opened, runId: `verify-${which % 9}`, runKind: 'verify' };
    case 'take':
      return { kind: 'taken-over', runId };
    case 'close':
      return {
        kind: 'closed',
        runId: pick(openedIds(entries)) ?? runId,
        outcome: other % 3 === 0 ? 'failed' : 'completed',
      };
    case 'commit':
      return { kind: 'committed', runId, backupId: `backup-${which % 40}`, manifestDigest: 'd' };
    case 'trigger': {
      const key = `event-${which}`;
      const isKnown = entries.some(({ event }) => event.kind === 'triggered' && event.key === key);
      if (isKnown) return undefined;
      const scope = other % 3 === 0 ? { components: ['config'] as const } : {};
      return {
        kind: 'triggered',
        key,
        type: `type-${other % 3}`,
        debounceMs: HOUR_MS,
        minIntervalMs: 9 * HOUR_MS,
        ...scope,
      };
    }
    case 'cover': {
      const key = pick(foldTriggers(RANDOM_DEPLOYMENT, entries).pending)?.key;
      if (key === undefined) return undefined;
      return {
        ...opened,
        runId: runIdOf({ kind: 'event', deployment: RANDOM_DEPLOYMENT, key }),
        runKind: 'backup',
      };
    }
    case 'schedule':
      return { kind: 'scheduled', schedule: other % 4 === 0 ? '' : '0 2 * * *', timezone: 'UTC' };
    case 'slot': {
      const slot = new Date(Math.floor(now / HOUR_MS / 24) * 24 * HOUR_MS + 2 * HOUR_MS).toISOString();
      if (other % 2 === 0) return { kind: 'slot', slot };
      return {
        ...opened,
        runId: runIdOf({ kind: 'slot', deployment: RANDOM_DEPLOYMENT, key: slot }),
        runKind: 'backup',
      };
    }
    case 'restore':
      return {
        kind: 'restored',
        runId: restoreRunId,
        backupId: 'b',
        ...(other % 4 === 0 ? { kept: false } : {}),
      };
    case 'roll':
      return { kind: 'rolled-back', runId, restoreRunId };
    case 'release':
      return { kind: 'released', runId, restoreRunIds: [restoreRunId, `restore-${other % 5}`] };
    case 'value':
      return { kind: 'value-released', principal: 'p', at: '', name: 'SECRET_KEY' };
    case 'prune-run':
      return { ...opened, runId: `prune-${which % 9}`, runKind: 'prune' };
    case 'hold':
      return { kind: 'held', backupId: `backup-${which % 40}`, principal: 'p', reason: `r-${other % 3}` };
    case 'lift':
      return { kind: 'hold-lifted', backupId: `backup-${which % 40}`, principal: 'p' };
    case 'prune':
      return { kind: 'pruned', runId, backupId: `backup-${which % 40}`, reason: 'r' };
    case 'condemn':
      return { kind: 'condemned', list: 1 + entries.filter(isCondemned).length };
    default:
      return what satisfies never;
  }
}

function openedIds(entries: readonly LogEntry[]): readonly string[] {
  return entries.flatMap(({ event }) => (event.kind === 'opened' ? [event.runId] : []));
}

function isCondemned({ event }: LogEntry): boolean {
  return event.kind === 'condemned';
}
