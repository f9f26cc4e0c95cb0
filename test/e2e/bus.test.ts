import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bus } from '#test/fault/bus.ts';

/** A small draw of `npm run fault -- bus`. */
test('a bus that is killed, emptied or cut off in the middle of a run loses nothing, and nothing is there twice', async () => {
  const report = await bus({ nodes: 1, seed: 1, cases: 8, onNote: () => {} });
  assert.deepEqual(report.faults, []);
  assert.equal(report.cases, 8);
});
