import assert from 'node:assert/strict';
import { test } from 'node:test';
import { repositoryCrash } from '#test/fault/repository-crash.ts';

test('a process that is stopped before or after any operation on its store harms nothing that was committed', async () => {
  const { cases, operations, harmed, faults } = await repositoryCrash({
    seed: 1,
    parts: [],
    onNote: () => {},
  });
  assert.deepEqual(faults, []);
  assert.equal(harmed, 0);
  const counts = Object.values(operations);
  assert.equal(cases, 2 * counts.reduce((sum, count) => sum + count, 0));
  assert.ok(Math.min(...counts) >= 6, JSON.stringify(operations));
});
