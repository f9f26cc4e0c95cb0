import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drillDue } from './drill-due.ts';

const DAY_MS = 86_400_000;
const NOW = Date.parse('2026-06-01T00:00:00Z');
const run = (runKind: string, daysAgo: number) => ({
  at: new Date(NOW - daysAgo * DAY_MS).toISOString(),
  event: { kind: 'opened', runId: 'r', runKind, exclusive: false, principal: 'policy' } as const,
});

test('a drill is due when the last one is older than the policy, and at once where there was none (F37)', () => {
  assert.equal(drillDue('30d', [], NOW), 'drill/first');
  assert.equal(drillDue('30d', [run('backup', 1)], NOW), 'drill/first');
  assert.equal(drillDue('30d', [run('drill', 29), run('drill', 90)], NOW), undefined);
  assert.notEqual(drillDue('30d', [run('drill', 31)], NOW), undefined);
});

test('one slot has one key, whenever it is looked at, and the next slot another', () => {
  const last = [run('drill', 31)];
  assert.equal(drillDue('30d', last, NOW), drillDue('30d', last, NOW + DAY_MS));
  assert.notEqual(drillDue('30d', last, NOW), drillDue('30d', [run('drill', 40)], NOW));
});

test('a drill that a clock gone wrong opened years ahead keeps nobody from the next one, which is one slot', () => {
  const ahead = run('drill', -400);
  const key = drillDue('30d', [ahead], NOW);
  assert.equal(key, drillDue('30d', [ahead], NOW + DAY_MS));
  assert.notEqual(key, 'drill/first', 'which is the run that there is');
  assert.equal(drillDue('30d', [ahead, run('drill', 1)], NOW), undefined);
  assert.notEqual(drillDue('30d', [ahead, run('drill', 31)], NOW), key);
});
