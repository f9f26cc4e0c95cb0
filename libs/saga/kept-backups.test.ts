import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newestFirst } from './commit-order.ts';
import { committedIds, prunedIds, standingHolds } from './kept-backups.ts';
import type { LogEntry, LogEvent } from './log.ts';
import { relevant } from './relevant.ts';

const logOf = (...events: readonly LogEvent[]): readonly LogEntry[] =>
  events.map((event, n) => ({ n, at: '2026-01-01T00:00:00.000Z', previous: '', event }));
const committed = (backupId: string): LogEvent => ({
  kind: 'committed',
  runId: 'r',
  backupId,
  manifestDigest: 'd',
});
const pruned = (backupId: string): LogEvent => ({ kind: 'pruned', runId: 'p', backupId, reason: 'r' });
const held = (backupId: string, reason: string): LogEvent => ({
  kind: 'held',
  backupId,
  principal: 'p',
  reason,
});
const lifted = (backupId: string): LogEvent => ({ kind: 'hold-lifted', backupId, principal: 'p' });

test('a backup with a tombstone is none, in any order, whatever is said of it later', () => {
  const entries = logOf(committed('a'), committed('b'), pruned('a'), committed('a'));
  for (const log of [entries, relevant('d', entries)]) {
    assert.deepEqual(committedIds(log), ['b']);
    assert.deepEqual([...prunedIds(log)], ['a']);
    assert.deepEqual(newestFirst(['a', 'b', 'not in the log'], log), ['not in the log', 'b']);
  }
});

test('a hold stands until it is lifted, with the words of the last one', () => {
  const entries = logOf(held('a', 'court'), held('b', 'audit'), lifted('a'), held('b', 'again'), lifted('c'));
  for (const log of [entries, relevant('d', entries)])
    assert.deepEqual(
      [...standingHolds(log)].map(([id, { reason }]) => [id, reason]),
      [['b', 'again']],
    );
});

test('of ever so many tombstones the newest are remembered', () => {
  const entries = logOf(...Array.from({ length: 17_000 }, (_, n) => pruned(`b${n}`)));
  const ids = [...prunedIds(relevant('d', entries))];
  assert.deepEqual([ids.length, ids.at(-1)], [16_384, 'b16999']);
});
