import assert from 'node:assert/strict';
import { test } from 'node:test';
import { harmFindings, placeFinding, replicaFinding, scrubFinding } from './copies.ts';

const HOUR_MS = 3_600_000;
const NOW = Date.parse('2026-06-01T00:00:00Z');
const at = (hoursAgo: number) => new Date(NOW - hoursAgo * HOUR_MS).toISOString();

test('less than three copies, two devices and one elsewhere is a warning with what helps', () => {
  const first = 'disk:/mnt/store';
  const bucket = 's3://b?endpoint=https://s3.example:443&region=r';
  const said = (second: string | undefined, isSameDevice = false) => {
    const { level, remedy } = placeFinding('records', { first, second, isSameDevice });
    return [level, remedy !== undefined];
  };
  assert.deepEqual(said(undefined), ['warning', true]);
  assert.deepEqual(said('disk:/mnt/other', true), ['warning', true]);
  assert.deepEqual(said('disk:/mnt/other'), ['warning', true]);
  assert.deepEqual(said(bucket), ['ok', false]);
});

test('a replication that is old, partial or was never made is told', () => {
  const levelOf = (...runs: Parameters<typeof replicaFinding>[1]) =>
    replicaFinding('records', runs, { every: '24h', now: NOW }).level;
  const run = (state: string, hoursAgo: number, finishedAt = at(hoursAgo)) => {
    return { state, runId: 'r', openedAt: at(hoursAgo), finishedAt };
  };
  assert.equal(levelOf(), 'problem');
  assert.equal(levelOf(run('running', 0, '')), 'problem');
  assert.equal(levelOf(run('running', 0, ''), run('completed', 3)), 'ok');
  assert.equal(levelOf(run('completed', 49)), 'warning');
  assert.equal(levelOf(run('partial', 1), run('completed', 3)), 'problem');
});

test('a scrub that could not put everything back is a problem until one could', () => {
  const run = (state: string, finishedAt = at(1)) => ({ state, runId: 'r', finishedAt });
  const levels = (...runs: Parameters<typeof harmFindings>[1]) =>
    harmFindings('records', runs).map(({ level }) => level);
  assert.deepEqual([levels(), levels(run('completed'), run('failed'))], [[], []]);
  assert.deepEqual(
    [levels(run('failed')), levels(run('running', ''), run('partial'))],
    [['problem'], ['problem']],
  );
});

test('packs that nobody read again within the time are told', () => {
  const daily = { every: '30d', isDaily: true, now: NOW };
  const asked = { ...daily, isDaily: false };
  const levelOf = (packs: number, packsTotal: number, policy = asked, hoursAgo = 5) =>
    scrubFinding('records', { store: 'store', lastAt: at(hoursAgo), packs, packsTotal }, policy);
  assert.equal(levelOf(100, 100).level, 'ok');
  assert.equal(levelOf(0, 0).level, 'ok');
  assert.deepEqual([levelOf(99, 100).level, levelOf(99, 100).message.includes('99%')], ['warning', true]);
  assert.deepEqual([levelOf(9, 100, daily).level, levelOf(9, 100, daily, 49).level], ['ok', 'warning']);
  const never = { store: 'store', lastAt: undefined, packs: 0, packsTotal: 3 };
  assert.match(scrubFinding('records', never, daily).message, /last scrub never, 0%/);
});
