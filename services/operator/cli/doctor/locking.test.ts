import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSpec } from '#libs/contracts/spec.ts';
import { lockFindings } from './locking.ts';

const NOW = Date.parse('2026-06-10T00:00:00Z');
const specOf = (policy: string) =>
  parseSpec(`deployment: records\ndatabase: { url: { env: RECORDS_DATABASE_URL } }\npolicy: ${policy}\n`);
const locking = specOf('{ lock: { daily: 14d } }');
const prune = (until: string, openedAt = '2026-06-09T12:00:00Z') => ({
  openedAt,
  outcomeJson: JSON.stringify({ lock: { locked: [{ backupId: 'b', rule: 'daily', until }], objects: 5 } }),
});
const unlocked = { openedAt: '2026-06-09T20:00:00Z', outcomeJson: '{}' };
const find = (backupId: string, committedAt: string, ...runs: readonly ReturnType<typeof prune>[]) =>
  lockFindings(locking, { backupId, committedAt }, runs, NOW)[0]!;
const LONG = '2026-06-24T00:00:00Z';

test('doctor says until when the newest backup is locked, or why it is not', () => {
  assert.deepEqual(lockFindings(specOf('{}'), { backupId: 'b', committedAt: LONG }, [], NOW), []);
  const { level, message } = find('b', '2026-06-09T02:00:00Z', unlocked, prune(LONG));
  assert.deepEqual([level, message], ['ok', `the newest backup b is locked until ${LONG} (daily)`]);
  const second = find('c', '2026-06-09T03:00:00Z', prune(LONG));
  assert.equal(second.level, 'ok');
  assert.match(second.message, /c is not locked, for it is not the first .*; b is, until/);
  assert.equal(find('b', '2026-06-09T02:00:00Z', unlocked).level, 'problem');
});

test('a backup says by its own run whether it was locked', () => {
  const own = (backupId: string, ...locked: readonly object[]) => ({
    openedAt: '2026-06-09T01:00:00Z',
    outcomeJson: JSON.stringify({ backupId, lock: { locked, objects: locked.length } }),
  });
  const b = { backupId: 'b', rule: 'daily', until: LONG };
  assert.match(find('b', '2026-06-09T02:00:00Z', own('b', b)).message, /b is locked until/);
  assert.match(find('c', '2026-06-09T02:00:00Z', own('c'), own('b', b)).message, /not the first .*; b is/);
});

test('doctor warns when no prune came for days after the newest backup, and when an extension is due', () => {
  const young = (openedAt: string) => find('c', '2026-06-09T13:00:00Z', prune(LONG, openedAt));
  assert.match(young('2026-06-09T12:00:00Z').message, /no prune came after it/);
  assert.equal(young('2026-06-09T12:00:00Z').level, 'ok');
  assert.equal(young('2026-06-07T12:00:00Z').level, 'warning');
  const due = find('b', '2026-06-09T02:00:00Z', prune('2026-06-12T00:00:00Z'));
  assert.deepEqual([due.level, /an extension is due/.test(due.message)], ['warning', true]);
});
