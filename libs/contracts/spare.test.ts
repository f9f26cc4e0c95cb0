import assert from 'node:assert/strict';
import { test } from 'node:test';
import { relocate } from './relocation.ts';
import { ownVariables, pairOf, spareProblems, withName } from './spare.ts';
import { parseSpec } from './spec.ts';

const text = (more = '') =>
  `deployment: d
database: { url: { env: URL }, spare: { names: [one, two], envFile: /app/.env, variable: DB } }
config: { envFiles: [${more || '/app/.env'}], set: { HOST: here } }`;
const spec = parseSpec(text());
const { spare } = spec.database;

test('the env file says which of the two is live, by name or in an address; without it the first is', () => {
  const pair = (content?: string) =>
    pairOf(spare!, content === undefined ? undefined : Buffer.from(content)).live;
  assert.equal(pair(), 'one');
  assert.equal(pair('DB=two\n'), 'two');
  assert.equal(pair('export DB="postgres://u:p%2F@h:1/two?sslmode=off" # here\n'), 'two');
  assert.throws(() => pair('DB=three\n'), { code: 'CONFIG_INVALID' });
});

test('a name changes and the rest of an address stays', () => {
  assert.equal(withName('one', 'two'), 'two');
  assert.equal(withName('postgres://u:p%2F@h:1/one?a=/b', 'ü'), 'postgres://u:p%2F@h:1/%C3%BC?a=/b');
});

test('the env file must be declared, and is restored with the database; elsewhere the database is made', () => {
  assert.throws(() => parseSpec(text('/app/other.env')), { code: 'SPEC_INVALID' });
  assert.deepEqual(ownVariables(spec), ['HOST', 'DB']);
  assert.equal(spareProblems(spec, ['database', 'files']).length, 1);
  assert.equal(spareProblems(spec, ['config']).length, 1);
  for (const whole of [['files'], ['database', 'config']]) assert.deepEqual(spareProblems(spec, whole), []);
  const moved = relocate(spec, {
    database: { name: 'beside' },
    roots: {},
    envFiles: {},
    mounted: false,
    application: 'leave-alone',
  });
  assert.deepEqual([moved.database.name, moved.database.spare], ['beside', undefined]);
});
