import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mutationsByCli } from '#test/fault/database-mutations/by-cli.ts';

test('P12: a mutated backup is refused by the command line, and the live database stays as it is', async () => {
  const { cases, detected, touched, codes } = await mutationsByCli({
    server: process.env['HOLDFAST_TEST_DB_URL']!,
    pgBin: process.env['PG_BIN']!,
    seed: 1,
    cases: 10,
    onNote: () => {},
  });
  assert.deepEqual([cases, detected, touched], [10, 10, 0], JSON.stringify(codes));
});
