import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '#libs/kernel/secret.ts';
import { withDatabase } from '#libs/postgres/address.ts';
import { connectDatabase } from '#libs/postgres/connect.ts';
import { openFront } from './fixtures/front.ts';
import { openWorld, sql, SUPERUSER } from './fixtures/world.ts';

const code = (expected: string) => (error: unknown) => (error as { code: string }).code === expected;

test('a front that lets no database be renamed refuses the switch by name, and nothing was touched', async () => {
  await using world = await openWorld();
  await world.sql("CREATE TABLE t (x text); INSERT INTO t VALUES ('backup')");
  const taken = await world.take();
  await world.sql("UPDATE t SET x = 'later'");
  const url = new URL(withDatabase(SUPERUSER, world.live).reveal());
  await using front = await openFront(url);
  url.port = front.port;
  world.secrets.set('DB_URL', new Secret(url.href));
  const staged = { ...(await world.stage(taken)) };
  await world.run('CloseDatabase', {});
  await assert.rejects(world.run('PivotRestore', { staged }), code('DATABASE_SESSIONS_OPEN'));
  assert.equal(front.refused.length, 1);
  assert.deepEqual(await world.databases(), [staged.live, staged.side].toSorted());
  await world.run('UndoPivot', { staged });
  await world.run('OpenDatabase', {});
  await world.run('DiscardStage', {});
  assert.deepEqual(await world.rows('SELECT x FROM public.t'), [{ x: 'later' }]);
  assert.deepEqual(await world.databases(), [staged.live]);
});

test('a session that the role may not end is named, and the database is open again', async () => {
  await using world = await openWorld();
  const role = await world.readAs('app', 'CREATEDB');
  await sql('postgres', `ALTER DATABASE ${world.live} OWNER TO ${role}`);
  await using lingering = await connectDatabase(withDatabase(SUPERUSER, world.live));
  await assert.rejects(
    world.run('CloseDatabase', {}),
    (error: { code: string; details: { sessions: string[] } }) => {
      assert.equal(error.code, 'DATABASE_SESSIONS_OPEN');
      assert.equal(error.details.sessions.length, 1);
      return true;
    },
  );
  await world.run('OpenDatabase', {});
  assert.deepEqual(await lingering.query('SELECT 1 AS still'), [{ still: 1 }]);
  assert.deepEqual(await world.rows('SELECT 1 AS entered'), [{ entered: 1 }]);
});
