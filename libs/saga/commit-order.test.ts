import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newestFirst } from './commit-order.ts';
import type { LogEntry } from './log.ts';

const committed = (...ids: readonly string[]) =>
  ids.map((backupId, n): LogEntry => {
    const event = { kind: 'committed', runId: `run of ${backupId}`, backupId, manifestDigest: '' } as const;
    return { n, at: '2026-01-01T00:00:00.000Z', previous: '', event };
  });
const AHEAD = '20310101T000000Z-00000001';
const FIRST = '20261124T010000Z-00000002';
const LAST = '20261124T020000Z-00000003';

test('a backup of a clock that ran ahead is the newest only until the next one', () => {
  assert.deepEqual(newestFirst([FIRST, AHEAD], committed(FIRST, AHEAD)), [AHEAD, FIRST]);
  assert.deepEqual(newestFirst([FIRST, LAST, AHEAD], committed(FIRST, AHEAD, LAST)), [LAST, AHEAD, FIRST]);
});

test('a commit whose entry is not written yet comes first, and a repeated entry changes nothing', () => {
  assert.deepEqual(newestFirst([FIRST, LAST, AHEAD], committed(AHEAD, FIRST, AHEAD)), [LAST, FIRST, AHEAD]);
});

test('without a log the time of the ids decides', () => {
  assert.deepEqual(newestFirst([FIRST, LAST, AHEAD], []), [AHEAD, LAST, FIRST]);
});
