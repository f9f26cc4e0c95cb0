import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pivot } from '#test/fault/pivot.ts';

/** A small draw of what `npm run fault -- pivot` tries at every event. */
test('a restore killed in the middle of its switch lets nobody start on a mixture, and ends wholly old or wholly new', async () => {
  const report = await pivot({
    server: process.env['HOLDFAST_TEST_DB_URL']!,
    pgBin: process.env['PG_BIN']!,
    seed: 1,
    scenes: ['renamed forward', 'spare back'],
    parts: ['pivot.files'],
    sample: 1,
    onNote: () => {},
  });
  assert.deepEqual(report.faults, []);
  assert.equal(report.cases, 2);
});
