import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kill } from '#test/fault/kill.ts';

/** A small draw of `npm run fault -- kill`. */
test('whichever process is killed in the middle of whichever run: it ends as undisturbed, or names its error and leaves the old system as it was', async () => {
  const report = await kill({ seed: 1, cases: 24, onNote: () => {} });
  assert.deepEqual(report.faults, []);
  assert.equal(report.cases, 24);
  assert.ok((report.ends['completed'] ?? 0) > 0, JSON.stringify(report.ends));
});
