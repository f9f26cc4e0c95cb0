import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANGERS } from '#test/fault/s3/angry-way.ts';
import { s3 } from '#test/fault/s3.ts';

/** A small draw of `npm run fault -- s3`. */
test('of three requests in ten that two real stores answer wrongly nothing is lost, and nothing told that is not so', async (t) => {
  const report = await s3({ seed: 1, cases: 12, onNote: (note) => t.diagnostic(note) });
  assert.deepEqual(report.found, []);
  const { cases, missing, falseSuccess, wrong, stuck, requests, faults, byFault, concurrency } = report;
  assert.deepEqual([cases, missing, falseSuccess, wrong, stuck], [12, 0, 0, 0, 0]);
  assert.ok(faults > requests / 4, `${faults} of ${requests} requests were answered wrongly`);
  assert.deepEqual(Object.keys(byFault).toSorted(), ANGERS.toSorted());
  assert.ok(Object.keys(report.ends).length > 0, 'no try was given up and made again');
  assert.ok(concurrency.lowest <= 4, `the limit fell to ${concurrency.lowest}`);
  assert.equal(concurrency.last, concurrency.most);
});
