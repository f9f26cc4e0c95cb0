import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { test } from 'node:test';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { withDatabase } from '#libs/postgres/address.ts';
import { connectDatabase } from '#libs/postgres/connect.ts';
import { lockTables } from './adapters/lock-tables.ts';
import { watchWaiters } from './adapters/watch-waiters.ts';
import { openWorld, rows, SUPERUSER, type World } from './fixtures/world.ts';

const code = (expected: string) => (error: unknown) => HoldfastError.from(error).code === expected;

async function application(world: World) {
  const session = await connectDatabase(withDatabase(SUPERUSER, world.live));
  await session.run('SET search_path = public; SET lock_timeout = 0; SET application_name = edms');
  return session;
}

/** Until one of our sessions waits for a lock. */
async function weWait(world: World): Promise<void> {
  const waiting = `SELECT pid FROM pg_stat_activity WHERE datname = '${world.live}' AND application_name = 'holdfast' AND wait_event_type = 'Lock'`;
  while ((await rows('postgres', waiting)).length === 0) await pause(10);
}

test('trap 1: a table that is emptied and filled again while we wait for its lock is not taken empty', async () => {
  await using world = await openWorld();
  await world.sql('CREATE TABLE t (id int); INSERT INTO t SELECT generate_series(1, 10)');
  await using app = await application(world);
  await app.run('BEGIN; TRUNCATE t; INSERT INTO t SELECT generate_series(1, 1000)');
  const taking = world.take();
  await weWait(world);
  await app.run('COMMIT');
  assert.deepEqual((await taking).facts['rowsByTable'], { 'public.t': 1000 });
});

test('trap 1: a table whose column becomes another type while we wait for its lock is not taken empty', async () => {
  await using world = await openWorld();
  await world.sql('CREATE TABLE t (id int); INSERT INTO t SELECT generate_series(1, 500)');
  await using app = await application(world);
  await app.run('BEGIN; ALTER TABLE t ALTER id TYPE bigint');
  const taking = world.take();
  await weWait(world);
  await app.run('COMMIT');
  assert.deepEqual((await taking).facts['rowsByTable'], { 'public.t': 500 });
});

test('a table that is dropped while we wait for its lock starts the moment again', async () => {
  await using world = await openWorld();
  await world.sql('CREATE TABLE kept (id int); CREATE TABLE leaves (id int)');
  await using app = await application(world);
  await app.run('BEGIN; DROP TABLE leaves');
  const taking = world.take();
  await weWait(world);
  await app.run('COMMIT');
  assert.deepEqual((await taking).facts['rowsByTable'], { 'public.kept': 0 });
});

test('who holds one table and waits for another that we hold gets it, and the moment comes after', async () => {
  await using world = await openWorld();
  await world.sql('CREATE TABLE first (id int); CREATE TABLE second (id int)');
  await using app = await application(world);
  await app.run('BEGIN; ALTER TABLE second ADD COLUMN note text');
  const taking = world.take();
  await weWait(world);
  await app.run('ALTER TABLE first ADD COLUMN note text; COMMIT');
  assert.deepEqual((await taking).facts['rowsByTable'], { 'public.first': 0, 'public.second': 0 });
});

test('a lock that is not to be had is a named refusal, and nothing is held', async () => {
  await using world = await openWorld();
  await world.sql('CREATE TABLE t (id int)');
  await using app = await application(world);
  await app.run('BEGIN; LOCK TABLE t');
  const url = withDatabase(SUPERUSER, world.live);
  await assert.rejects(lockTables(url, new AbortController().signal), code('DATABASE_CONTENDED'));
});

test('an ALTER that waits for us goes through while the snapshot is still being taken, whoever we are', async () => {
  await using world = await openWorld();
  const role = await world.readAs('reader');
  await world.sql(`CREATE TABLE t (id int); INSERT INTO t VALUES (1); GRANT SELECT ON t TO ${role}`);
  await using app = await application(world);
  await using source = await world.service.ports.source.freeze(
    world.spec,
    { portable: false },
    new AbortController().signal,
  );
  await app.run('ALTER TABLE t ADD COLUMN note text');
  await assert.rejects(
    source.reading((reader) => reader.prove(source.tables)),
    code('DATABASE_CONTENDED'),
  );
});

test('a session of ours that computes when we yield is ended on the server', async () => {
  await using world = await openWorld();
  await world.sql('CREATE TABLE t (id int)');
  const url = withDatabase(SUPERUSER, world.live);
  await using ours = await connectDatabase(url);
  await ours.run('BEGIN; LOCK TABLE public.t IN ACCESS SHARE MODE');
  const computing = ours.query('SELECT pg_sleep(20)');
  await using app = await application(world);
  await using _watching = await watchWaiters(url, new AbortController(), new AbortController().signal);
  await Promise.all([app.run('ALTER TABLE t ADD COLUMN note text'), assert.rejects(computing)]);
});

test('trap 2: rows written after the mark are not in the snapshot, sequences are never behind', async () => {
  await using world = await openWorld();
  await world.sql(
    'CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY, x int); INSERT INTO t (x) VALUES (1)',
  );
  await using source = await world.service.ports.source.freeze(
    world.spec,
    { portable: false },
    new AbortController().signal,
  );
  await world.sql('INSERT INTO t (x) VALUES (2)');
  const [proof] = await source.reading((reader) => reader.prove(source.tables));
  assert.equal(proof!.rows, 1);
  assert.deepEqual(await source.sequences(), [
    { schema: 'public', name: 't_id_seq', lastValue: '2', isCalled: true },
  ]);
});

test('cancelled in the middle: it ends as cancelled, and neither session nor lock is left', async () => {
  await using world = await openWorld();
  await world.sql('CREATE TABLE t AS SELECT g FROM generate_series(1, 10000) g');
  const cancel = new AbortController();
  world.onMark = () => cancel.abort();
  await assert.rejects(world.run('TakeSnapshot', {}, 1, cancel.signal), code('CANCELLED'));
  await using app = await application(world);
  await app.run('ALTER TABLE t ADD COLUMN note text');
});

test('given again, as it was, behind a snapshot of its own the step ends with another one', async () => {
  await using world = await openWorld();
  await world.sql('CREATE TABLE t (id int)');
  const [first, second] = [await world.take(), await world.take()];
  assert.notEqual(first.snapshot.id, second.snapshot.id);
});
