import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Progress, RESTORING, TAKING } from './progress.ts';

const COSTS = { begin: { once: 100 }, rows: { table: 10, byte: 0.6 }, rest: { byte: 0.3 } };

test('bytes are told by the share of the work that is done, whatever has bytes of its own', () => {
  const progress = new Progress(COSTS, { bytes: 1_000, tables: 10 });
  // 100 + 700 + 300 in all.
  assert.deepEqual(progress.told, { bytes: 0, bytesTotal: 1_000, rows: 0 });
  progress.done('begin');
  assert.equal(progress.told.bytes, 91);
  progress.done('rows', { bytes: 500, tables: 4 });
  progress.moved(7);
  assert.deepEqual(progress.told, { bytes: 400, bytesTotal: 1_000, rows: 7 });
  progress.doneShare('rest', 0.5);
  assert.equal(progress.told.bytes, 536);
  progress.done('rows');
  progress.done('rest');
  assert.equal(progress.told.bytes, 1_000);
});

test('no part counts more than once, and nothing to do is told as such', () => {
  for (const costs of [TAKING, RESTORING] as Record<string, object>[]) {
    const progress = new Progress(costs, { bytes: 999, tables: 2 });
    for (const part of [...Object.keys(costs), ...Object.keys(costs)]) progress.doneShare(part, 2);
    for (const part of Object.keys(costs)) progress.done(part);
    assert.equal(progress.told.bytes, 999);
  }
  assert.deepEqual(new Progress(RESTORING, { bytes: 0, tables: 0 }).told, {
    bytes: 0,
    bytesTotal: 0,
    rows: 0,
  });
});
