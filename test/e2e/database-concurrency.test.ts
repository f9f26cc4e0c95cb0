import assert from 'node:assert/strict';
import { test } from 'node:test';
import { databaseConcurrency } from '#test/fault/database-concurrency.ts';

/** All that `npm run fault -- database-concurrency` enumerates; what is drawn is left to it. */
test('whatever applications do while a backup is taken, it holds what they held at one moment, and they get their locks before it ends', async (t) => {
  const report = await databaseConcurrency({
    parts: [],
    seed: 1,
    cases: 60,
    atOnce: 4,
    beside: 'before the locks',
    onNote: (note) => t.diagnostic(note),
  });
  assert.deepEqual(report.faults, []);
  const { cases, classes, silentLosses, heldUp, wrong, refused, yields, waits, pgDumpLost } = report;
  assert.deepEqual([cases, silentLosses, heldUp, wrong, refused], [60, 0, 0, 0, 0]);
  assert.deepEqual(Object.values(classes), [12, 12, 12, 12, 12]);
  assert.ok(yields > 20, `only ${yields} times it let its locks go`);
  assert.ok(waits >= 3 * yields, `only ${waits} statements queued behind one that waited`);
  // Who sees no loss there sees none at all.
  assert.ok((pgDumpLost['truncate and reload'] ?? 0) > 0 && (pgDumpLost['type-changing alter'] ?? 0) > 0);
});
