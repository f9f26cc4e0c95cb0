import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RestoreTally } from './restore-tally.ts';

test('of each byte a part is told as its row is loaded, the rest as what is made of it stands', () => {
  const tally = new RestoreTally(1_000);
  assert.deepEqual(tally.told, { bytes: 0, bytesTotal: 1_000, rows: 0 });
  tally.done('rows', 500);
  tally.loaded(7);
  assert.deepEqual(tally.told, { bytes: 300, bytesTotal: 1_000, rows: 7 });
  tally.done('indexes', 500);
  assert.equal(tally.told.bytes, 425);
  tally.done('rows', 500);
  tally.done('indexes');
  assert.equal(tally.told.bytes, 850);
  tally.done('keys');
  assert.equal(tally.told.bytes, 910);
  tally.done('statistics');
  assert.equal(tally.told.bytes, 1_000);
});

test('no part counts more than once, and nothing to load is done at once', () => {
  const tally = new RestoreTally(999);
  for (const part of ['rows', 'rows', 'indexes', 'keys', 'statistics'] as const) tally.done(part, 2_000);
  assert.equal(tally.told.bytes, 999);
  assert.deepEqual(new RestoreTally(0).told, { bytes: 0, bytesTotal: 0, rows: 0 });
});
