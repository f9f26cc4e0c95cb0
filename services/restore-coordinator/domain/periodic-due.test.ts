import assert from 'node:assert/strict';
import { test } from 'node:test';
import { periodicDue } from './periodic-due.ts';

const DAY_MS = 86_400_000;
const DRILL = { kind: 'drill', every: '30d' } as const;
const PRUNE = { kind: 'prune', every: '1d' } as const;
const NOW = Date.parse('2026-06-01T00:00:00Z');
const run = (runKind: string, daysAgo: number) => ({
  at: new Date(NOW - daysAgo * DAY_MS).toISOString(),
  event: { kind: 'opened', runId: 'r', runKind, exclusive: false, principal: 'policy' } as const,
});

test('a drill is due when the last one is older than the policy, and at once where there was none (F37)', () => {
  assert.equal(periodicDue(DRILL, [], NOW), 'drill/first');
  assert.equal(periodicDue(DRILL, [run('backup', 1)], NOW), 'drill/first');
  assert.equal(periodicDue(DRILL, [run('drill', 29), run('drill', 90)], NOW), undefined);
  assert.notEqual(periodicDue(DRILL, [run('drill', 31)], NOW), undefined);
});

test('one slot has one key, whenever it is looked at, and the next slot another', () => {
  const last = [run('drill', 31)];
  assert.equal(periodicDue(DRILL, last, NOW), periodicDue(DRILL, last, NOW + DAY_MS));
  assert.notEqual(periodicDue(DRILL, last, NOW), periodicDue(DRILL, [run('drill', 40)], NOW));
});

test('a drill that a clock gone wrong opened years ahead keeps nobody from the next one, which is one slot', () => {
  const ahead = run('drill', -400);
  const key = periodicDue(DRILL, [ahead], NOW);
  assert.equal(key, periodicDue(DRILL, [ahead], NOW + DAY_MS));
  assert.notEqual(key, 'drill/first', 'which is the run that there is');
  assert.equal(periodicDue(DRILL, [ahead, run('drill', 1)], NOW), undefined);
  assert.notEqual(periodicDue(DRILL, [ahead, run('drill', 31)], NOW), key);
});

test('each kind has slots of its own', () => {
  assert.equal(periodicDue(PRUNE, [run('drill', 0)], NOW), 'prune/first');
  assert.equal(periodicDue(PRUNE, [run('prune', 0.9), run('drill', 40)], NOW), undefined);
  assert.equal(periodicDue(PRUNE, [run('prune', 2)], NOW), 'prune/2026-05-30T00:00:00.000Z');
  assert.equal(periodicDue(DRILL, [run('prune', 0)], NOW), 'drill/first');
});
