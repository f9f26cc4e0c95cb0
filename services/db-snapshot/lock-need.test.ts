import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startPostgres } from '#deploy/local/postgres-server.ts';
import { Secret } from '#libs/kernel/secret.ts';
import { withDatabase } from '#libs/postgres/address.ts';
import { connectDatabase } from '#libs/postgres/connect.ts';

/** A server with locks for few, as its administrator may have set it. */
const folder = mkdtempSync(join(tmpdir(), 'holdfast-locks-'));
const bin = process.env['PG_BIN'];
const options = {
  dataFolder: join(folder, 'data'),
  ...(bin === undefined ? {} : { bin }),
  settings: { fsync: 'off' },
};
let server = await startPostgres(options);
const { port } = server;
process.env['HOLDFAST_TEST_DB_URL'] = server.superuserUrl;
const { openWorld, sql } = await import('./fixtures/world.ts');
after(async () => {
  await server.discard();
  rmSync(folder, { recursive: true });
});

async function setAnew(statement: string): Promise<void> {
  await sql('postgres', statement);
  await server.stop();
  server = await startPostgres({ ...options, port });
}

const MANY = 150;
const tables = (prefix: string) =>
  `DO $$ BEGIN FOR n IN 1..${MANY} LOOP EXECUTE format('CREATE TABLE ${prefix}%s (id int PRIMARY KEY, x text)', n); END LOOP; END $$`;

test('a backup that needs more locks than the server has is refused before it locks, with the figure that is enough', async () => {
  await using world = await openWorld();
  await sql('postgres', 'ALTER SYSTEM SET max_connections = 12');
  await setAnew('ALTER SYSTEM SET max_locks_per_transaction = 10');
  await world.sql(tables('t'));
  await world.sql('INSERT INTO t1 VALUES (1)');
  const { problems } = await world.preflight('PURPOSE_BACKUP');
  assert.deepEqual(
    problems.map(({ code, subject }) => [code, subject]),
    [['DATABASE_LOCKS_MISSING', 'max_locks_per_transaction']],
  );
  assert.match(problems[0]!.message, new RegExp(`^${2 * MANY} relations are to be locked`));
  await assert.rejects(world.take(), { code: 'DATABASE_LOCKS_MISSING' });
  assert.deepEqual([world.early, world.told], [[], []], 'nothing was locked or read');

  const [statement] = problems[0]!.remedy.split(';');
  await setAnew(statement!);
  assert.deepEqual((await world.preflight('PURPOSE_BACKUP')).problems, []);
  assert.equal((await world.take()).facts['rows'], 1);
});

test('locks that others hold count too', async () => {
  await using world = await openWorld();
  await setAnew('ALTER SYSTEM SET max_locks_per_transaction = 30');
  await world.sql(tables('t'));
  assert.deepEqual((await world.preflight('PURPOSE_BACKUP')).problems, []);
  await using other = await openWorld();
  await other.sql(tables('u'));
  await using session = await connectDatabase(withDatabase(new Secret(server.superuserUrl), other.live));
  await session.run('SET search_path = public');
  await session.run(`BEGIN; LOCK TABLE ${Array.from({ length: MANY }, (_, n) => `u${n + 1}`).join(', ')}`);
  const { problems } = await world.preflight('PURPOSE_BACKUP');
  assert.deepEqual(
    problems.map(({ code }) => code),
    ['DATABASE_LOCKS_MISSING'],
  );
});

test('a spare database of more tables than the server has locks for is emptied all the same', async () => {
  const envFile = join(folder, '.env');
  await using world = await openWorld({ pairedBy: envFile, more: `config: { envFiles: [${envFile}] }` });
  writeFileSync(envFile, `DATABASE_URL=postgres://app:x@db:1/${world.live}\n`);
  const spare = `${world.live}_b`;
  await sql('postgres', `CREATE DATABASE ${spare} TEMPLATE template0`);
  await world.sql('CREATE TABLE t (id int)');
  const taken = await world.take();
  await world.stage(taken);
  await setAnew('ALTER SYSTEM SET max_locks_per_transaction = 10');
  for (const part of 'abcdefgh') await sql(spare, tables(part));
  await sql(spare, 'SELECT lo_create(0)');
  await world.run('DiscardStage', {});
  assert.deepEqual((await world.preflight('PURPOSE_RESTORE', taken)).problems, []);
});
