import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quoteName } from '#libs/postgres/quote.ts';
import { sidePrefix } from './domain/names.ts';
import { MOMENTS, openWorld, sql, type World } from './fixtures/world.ts';

const code = (expected: string) => (error: unknown) => (error as { code: string }).code === expected;

async function stagedWorld(live?: string) {
  const world = await openWorld(live === undefined ? {} : { live });
  await world.sql("CREATE TABLE t (x text); INSERT INTO t VALUES ('backup')");
  const taken = await world.take();
  await world.sql("UPDATE t SET x = 'later'");
  return {
    world,
    taken,
    staged: await world.stage(taken),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

const endOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: { code: string }) => error.code,
  );

const content = async (world: World, database = world.live) =>
  (await world.rows<{ x: string }>('SELECT x FROM public.t', database))[0]?.x;

test('close, switch, switch back, open, discard: each may come twice and ends in the same place', async () => {
  await using made = await stagedWorld('it"s über');
  const { world, staged } = made;
  for (const _ of [1, 2]) await world.run('CloseDatabase', {});
  await assert.rejects(content(world), code('DATABASE_UNREACHABLE'));
  for (const _ of [1, 2]) await world.run('PivotRestore', { staged: { ...staged } });
  assert.equal(await content(world), 'backup');
  assert.deepEqual(await world.databases(), [staged.live, staged.kept].toSorted());
  for (const _ of [1, 2]) await world.run('UndoPivot', { staged: { ...staged } });
  // Files and configuration are still the new ones: nobody may start on the old database yet.
  await assert.rejects(content(world), code('DATABASE_UNREACHABLE'));
  for (const _ of [1, 2]) await world.run('OpenDatabase', {});
  assert.equal(await content(world), 'later');
  for (const _ of [1, 2]) await world.run('DiscardStage', {});
  assert.deepEqual(await world.databases(), [staged.live]);
});

test('sessions on the live database are ended by closing, and the name takes no new one', async () => {
  await using made = await stagedWorld();
  const { world } = made;
  const sleeping = world.rows('SELECT pg_sleep(600)').then(
    () => 'slept',
    () => 'ended',
  );
  await world.run('CloseDatabase', {});
  assert.equal(await sleeping, 'ended');
  await world.run('OpenDatabase', {});
  assert.equal(await content(world), 'later');
});

test('nothing live is total loss: close has nothing to do, switch and undo work without an old database', async () => {
  await using made = await stagedWorld();
  const { world, staged } = made;
  await sql('postgres', `DROP DATABASE ${quoteName(world.live)} WITH (FORCE)`);
  await world.run('CloseDatabase', {});
  for (const _ of [1, 2]) await world.run('PivotRestore', { staged: { ...staged } });
  assert.equal(await content(world), 'backup');
  await world.run('UndoPivot', { staged: { ...staged } });
  const [side = ''] = await world.databases();
  assert.ok(side.startsWith(sidePrefix(world.live, world.runId)), side);
});

test('who took a run over takes the place away: whoever was taken over cannot switch', async () => {
  await using made = await stagedWorld();
  const { world, taken, staged } = made;
  world.epoch = 2;
  const second = await world.stage(taken);
  world.epoch = 1;
  await assert.rejects(world.run('PivotRestore', { staged: { ...staged } }), code('STAGE_GONE'));
  assert.equal(await content(world), 'later');
  world.epoch = 2;
  await world.run('PivotRestore', { staged: { ...second } });
  assert.equal(await content(world), 'backup');
});

/** Sees whatever comes after it, and refuses it. */
const NOTHING_MORE = `CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'nothing more'; END $$;
  CREATE EVENT TRIGGER nothing_more ON ddl_command_start EXECUTE FUNCTION refuse();
  CREATE EVENT TRIGGER nothing_less ON sql_drop EXECUTE FUNCTION refuse()`;

test('who is given a restore that is done reads no row again and tells the same; the switch brings the comment', async (t) => {
  await using world = await openWorld({ live: 'a {"b" ü', more: 'restore: { sessions: drop }' });
  await world.sql(
    `CREATE TABLE django_session (session_key text); INSERT INTO django_session VALUES ('of another place');
     COMMENT ON DATABASE ${quoteName(world.live)} IS 'it''s ours'; ${NOTHING_MORE}`,
  );
  const taken = await world.take();
  const first = await world.stage(taken);
  assert.deepEqual(first.adapted, { sessionsDropped: 1, held: [], incomplete: [] });
  const read = t.mock.method(world.service.ports.repository, 'read');
  const again = await world.stage(taken, 2);
  assert.equal(read.mock.callCount(), 1, 'its globals');
  assert.deepEqual(again, { ...first, stage: again.stage, side: again.side });
  await world.run('CloseDatabase', {});
  await world.run('PivotRestore', { staged: { ...again } });
  const [row] = await world.rows(
    `SELECT (SELECT count(*)::int FROM public.django_session) AS sessions, shobj_description(oid, 'pg_database') AS comment,
            (SELECT count(*)::int FROM pg_event_trigger WHERE evtname LIKE 'nothing%') AS triggers
       FROM pg_database WHERE datname = current_database()`,
  );
  assert.deepEqual(row, { sessions: 0, comment: "it's ours", triggers: 2 });
  assert.deepEqual(await world.rows(`SELECT FROM pg_namespace WHERE nspname = 'holdfast_stage'`), []);
});

test('the comment of a database in another encoding than the server’s own comes back as it was', async () => {
  await using world = await openWorld();
  const live = quoteName(world.live);
  await sql('postgres', `DROP DATABASE ${live}`);
  await sql('postgres', `CREATE DATABASE ${live} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'`);
  await world.sql(`CREATE TABLE t (x text); COMMENT ON DATABASE ${live} IS 'Größe ±1'`);
  const staged = await world.stage(await world.take());
  await world.run('CloseDatabase', {});
  for (const _ of [1, 2]) await world.run('PivotRestore', { staged: { ...staged } });
  const comment = `SELECT shobj_description(oid, 'pg_database') AS c FROM pg_database WHERE datname = current_database()`;
  assert.deepEqual(await world.rows(comment), [{ c: 'Größe ±1' }]);
});

test('an older copy of a command finds a newer one’s database and leaves it alone', async () => {
  await using made = await stagedWorld();
  const { world, taken } = made;
  world.epoch = 10;
  const newer = await world.stage(taken, 1);
  world.epoch = 9;
  await assert.rejects(world.stage(taken, 10), code('STAGE_GONE'));
  assert.deepEqual(await world.databases(), [newer.live, newer.side].toSorted());
});

for (const moment of MOMENTS) {
  test(`who stood still at a switch, ${moment}, while another switched and undid it, cannot switch`, async () => {
    await using made = await stagedWorld();
    const { world, staged } = made;
    const request = { staged: { ...staged } };
    await world.run('CloseDatabase', {});
    const { stands, letGo } = world.standStill(moment);
    const zombie = endOf(world.run('PivotRestore', request));
    await stands;
    await world.run('PivotRestore', request);
    assert.equal(await content(world), 'backup');
    await world.run('UndoPivot', request);
    await world.run('OpenDatabase', {});
    letGo();
    assert.notEqual(await zombie, 'done');
    assert.equal(await content(world), 'later');
    assert.equal((await world.databases()).length, 2);
  });

  test(`who stood still at staging, ${moment}, while another staged leaves one database, the other's`, async () => {
    await using world = await openWorld();
    await world.sql("CREATE TABLE t (x text); INSERT INTO t VALUES ('backup')");
    const taken = await world.take();
    const { stands, letGo } = world.standStill(moment);
    const zombie = endOf(world.stage(taken));
    await stands;
    const { side } = await world.stage(taken);
    letGo();
    assert.notEqual(await zombie, 'done');
    assert.deepEqual(await world.databases(), [world.live, side].toSorted());
    assert.equal(await content(world, side), 'backup');
  });

  test(`who stood still at closing, ${moment}, cannot close what others opened since`, async () => {
    await using made = await stagedWorld();
    const { world } = made;
    const { stands, letGo } = world.standStill(moment);
    const zombie = endOf(world.run('CloseDatabase', {}));
    await stands;
    await world.run('CloseDatabase', {});
    await world.run('OpenDatabase', {});
    letGo();
    assert.notEqual(await zombie, 'done');
    assert.equal(await content(world), 'later');
  });

  test(`who stood still at opening, ${moment}, cannot open what others closed since`, async () => {
    await using made = await stagedWorld();
    const { world } = made;
    await world.run('CloseDatabase', {});
    const { stands, letGo } = world.standStill(moment);
    const zombie = endOf(world.run('OpenDatabase', {}));
    await stands;
    await world.run('OpenDatabase', {});
    await world.run('CloseDatabase', {});
    letGo();
    assert.notEqual(await zombie, 'done');
    await assert.rejects(content(world), code('DATABASE_UNREACHABLE'));
  });
}

test('what is open is opened, and what is closed is closed, by a role that could change neither', async () => {
  await using world = await openWorld();
  await world.sql('CREATE TABLE t (id int)');
  await world.readAs('app', 'CREATEDB');
  assert.deepEqual(await world.run('OpenDatabase', {}), { database: world.live, present: true });
  await sql('postgres', `ALTER DATABASE ${world.live} ALLOW_CONNECTIONS false`);
  assert.deepEqual(await world.run('CloseDatabase', {}), { database: world.live, sessionsEnded: 0 });
});

test('a plain owner with CREATEDB can take, stage and switch', async () => {
  await using world = await openWorld();
  const role = await world.readAs('app', 'CREATEDB');
  await sql('postgres', `ALTER DATABASE ${world.live} OWNER TO ${role}`);
  await world.sql(
    `CREATE SCHEMA app AUTHORIZATION ${role}; CREATE TABLE app.t (id serial PRIMARY KEY); ALTER TABLE app.t OWNER TO ${role}; INSERT INTO app.t DEFAULT VALUES`,
  );
  assert.deepEqual((await world.preflight('PURPOSE_BACKUP')).problems, []);
  const taken = await world.take();
  assert.deepEqual(
    taken.leftOut.map(({ what }) => what),
    ['passwords of roles'],
  );
  assert.deepEqual((await world.preflight('PURPOSE_RESTORE', taken)).problems, []);
  const staged = await world.stage(taken);
  await world.run('CloseDatabase', {});
  await world.run('PivotRestore', { staged: { ...staged } });
  assert.deepEqual(await world.rows('SELECT * FROM app.t'), [{ id: 1 }]);
});
