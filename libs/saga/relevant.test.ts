import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { newestFirst } from './commit-order.ts';
import { lastFailedTrial } from './failed-trial.ts';
import { committedIds, prunedIds, standingHolds } from './kept-backups.ts';
import { openRuns, type LogEntry } from './log.ts';
import { RANDOM_DEPLOYMENT as DEPLOYMENT, randomLog } from './random-log.ts';
import { relevant } from './relevant.ts';
import { foldTriggers } from './triggers.ts';

const cut = fc.tuple(randomLog, fc.double({ min: 0, max: 1, noNaN: true })).map(([entries, where]) => {
  const at = Math.floor(entries.length * where);
  return { whole: entries, before: entries.slice(0, at), after: entries.slice(at) };
});
const bare = (entries: readonly LogEntry[]) => entries.map((entry) => ({ ...entry, previous: '' }));

test('of what matters and the entries after it follows what follows from the whole log', () => {
  fc.assert(
    fc.property(cut, ({ whole, before, after }) => {
      const short = [...relevant(DEPLOYMENT, before), ...after];
      assert.deepEqual(openRuns(short).toSorted(byRun), openRuns(whole).toSorted(byRun));
      const [ours, theirs] = [foldTriggers(DEPLOYMENT, short), foldTriggers(DEPLOYMENT, whole)];
      assert.deepEqual(ours.pending, theirs.pending);
      assert.deepEqual(ours.lastRunMs, theirs.lastRunMs);
      const answered = foldTriggers(DEPLOYMENT, before).runOf;
      assert.deepEqual(new Map([...answered, ...ours.runOf]), new Map(theirs.runOf));
      const ids = Array.from({ length: 40 }, (_, n) => `backup-${n}`);
      assert.deepEqual(newestFirst(ids, short), newestFirst(ids, whole));
      assert.deepEqual(committedIds(short), committedIds(whole));
      assert.deepEqual(prunedIds(short), prunedIds(whole));
      assert.deepEqual(standingHolds(short), standingHolds(whole));
      const failedAt = (entries: readonly LogEntry[]) => lastFailedTrial(entries)?.entries[1].n;
      assert.equal(failedAt(short), failedAt(whole));
      const lists = (entries: readonly LogEntry[]) =>
        entries
          .filter(({ event }) => event.kind === 'condemned')
          .slice(-32)
          .map(({ n }) => n);
      assert.deepEqual(lists(short), lists(whole));
    }),
    { numRuns: 500 },
  );
});

test('who made it from less makes the same', () => {
  fc.assert(
    fc.property(cut, ({ whole, before, after }) => {
      assert.deepEqual(
        relevant(DEPLOYMENT, bare([...relevant(DEPLOYMENT, before), ...after])),
        relevant(DEPLOYMENT, whole),
      );
    }),
    { numRuns: 500 },
  );
});

const backupOf = (n: number) => `20261124T010000Z-${String(n).padStart(8, '0')}`;

test('of ten thousand backups, each asked for by an event, a few hundred entries’ worth stays', () => {
  const entries: LogEntry[] = [];
  const append = (event: LogEntry['event']) =>
    entries.push({ n: entries.length, at: '2026-01-01T00:00:00.000Z', previous: '', event });
  for (let n = 0; n < 10_000; n += 1) {
    const runId = `run-${n}`;
    append({ kind: 'slot', slot: new Date(n * 3_600_000).toISOString() });
    append({
      kind: 'opened',
      runId,
      runKind: n % 7 === 0 ? 'drill' : 'backup',
      exclusive: false,
      principal: 'p',
    });
    append({
      kind: 'committed',
      runId,
      backupId: backupOf(n),
      manifestDigest: 'd',
    });
    append({ kind: 'closed', runId, outcome: 'completed' });
    if (n < 5_000) append({ kind: 'pruned', runId: 'p', backupId: backupOf(n), reason: 'no rule keeps it' });
    if (n % 10 === 0) append({ kind: 'condemned', list: n / 10 + 1 });
  }
  const kept = relevant(DEPLOYMENT, entries);
  assert.ok(kept.length < 140, `${kept.length} entries`);
  assert.ok(JSON.stringify(kept).length < 10_000 * 32 + 30_000);
});

const byRun = (a: { runId: string }, b: { runId: string }) => (a.runId < b.runId ? -1 : 1);
