import assert from 'node:assert/strict';
import { test } from 'node:test';
import { databaseKill } from '#test/fault/database-kill.ts';

/** A small draw of `npm run fault -- database-kill`. */
test('a dump, load, proof or switch of a database whose service, session or server is killed goes on where it was, and the live one is wholly old or new', async () => {
  const report = await databaseKill({ seed: 352, cases: 12, onNote: () => {} });
  assert.deepEqual(report.faults, []);
  assert.equal(report.points, 12);
  assert.equal(report.foldersLeft, 0);
});
