import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UNSEEN, WITH_KEY } from '#test/fault/database-mutations/with-key.ts';
import { WITHOUT_KEY } from '#test/fault/database-mutations/without-key.ts';
import { databaseMutations } from '#test/fault/database-mutations.ts';

/** A small draw of `npm run fault -- database-mutations`. */
const options = {
  server: process.env['HOLDFAST_TEST_DB_URL']!,
  pgBin: process.env['PG_BIN']!,
  parts: [],
  seed: 1,
  onNote: () => {},
};

test('P3: however a stored backup of a database is mutated, its restore is refused or its proof fails, and the live database stays as it is', async (context) => {
  const { faults, classes, unseen, pgDump, ...report } = await databaseMutations({ ...options, cases: 500 });
  assert.deepEqual(faults, []);
  const { cases, detected, touched, beforeDdl, byProof } = report;
  assert.deepEqual([cases, detected, touched], [500, 500, 0]);
  for (const name of Object.keys(WITHOUT_KEY)) assert.ok(classes[name]! > 5, name);
  for (const name of Object.keys(WITH_KEY)) assert.ok(classes[`${name}, with the key`]! > 0, name);
  // What needs no key is found before anything is made; what only the proof can see it has seen.
  assert.ok(beforeDdl > 460 && byProof > 3, JSON.stringify(report));
  assert.deepEqual(unseen, Object.keys(UNSEEN));
  context.diagnostic(`pg_restore called ${pgDump.silent} of ${pgDump.cases} mutated archives good`);
});
