import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { quoteName } from '#libs/postgres/quote.ts';
import { wholeOf } from './fixtures/compared.ts';
import { MOMENTS, openWorld, sql } from './fixtures/world.ts';

const code = (expected: string) => (error: unknown) => (error as { code: string }).code === expected;

/** A role that may create nothing owns two databases; the env file names the first. */
async function pairedWorld() {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-spare-'));
  const envFile = join(folder, '.env');
  const world = await openWorld({ pairedBy: envFile, more: `config: { envFiles: [${envFile}] }` });
  const spare = `${world.live}_b`;
  const name = (database: string) =>
    writeFileSync(envFile, `DATABASE_URL=postgres://app:x@db:1/${database}?a=b\n`);
  name(world.live);
  const role = await world.readAs('app');
  await sql('postgres', `CREATE DATABASE ${quoteName(spare)} TEMPLATE template0 OWNER ${role}`);
  await sql('postgres', `ALTER DATABASE ${quoteName(world.live)} OWNER TO ${role}`);
  await world.sql(`SET ROLE ${role}; CREATE TABLE t (x text); INSERT INTO t VALUES ('backup')`);
  const taken = await world.take();
  await world.sql("UPDATE t SET x = 'later'");
  return {
    world,
    taken,
    spare,
    /** As the switch of the configuration does. */
    name,
    content: async (database: string) =>
      (await world.rows<{ x: string }>('SELECT x FROM public.t', database))[0]?.x,
    isEmpty: async (database: string) => {
      const [row] = await world.rows<{ n: number }>(
        `SELECT count(*)::int AS n FROM pg_class WHERE relnamespace = 'public'::regnamespace`,
        database,
      );
      return row!.n === 0;
    },
    async [Symbol.asyncDispose]() {
      await world[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    },
  };
}

test('without CREATEDB the spare database is filled, opened last, put back and emptied: each may come twice', async () => {
  await using paired = await pairedWorld();
  const { world, taken, spare, content } = paired;
  assert.deepEqual((await world.preflight('PURPOSE_RESTORE', taken)).problems, []);
  await world.stage(taken);
  const staged = { ...(await world.stage(taken, 2)) };
  assert.deepEqual([staged.live, staged.side, staged.kept], [spare, spare, world.live]);
  assert.equal(await content(spare), 'backup');
  for (const _ of [1, 2]) await world.run('CloseDatabase', {});
  for (const database of [world.live, spare])
    await assert.rejects(content(database), code('DATABASE_UNREACHABLE'), `${database} is closed`);
  paired.name(spare);
  await assert.rejects(content(spare), code('DATABASE_UNREACHABLE'), 'named already, and not open yet');
  for (const _ of [1, 2]) await world.run('PivotRestore', { staged });
  assert.equal(await content(spare), 'backup');
  for (const _ of [1, 2]) await world.run('UndoPivot', { staged });
  await assert.rejects(content(spare), code('DATABASE_UNREACHABLE'));
  paired.name(world.live);
  for (const _ of [1, 2]) await world.run('OpenDatabase', {});
  assert.equal(await content(world.live), 'later');
  for (const _ of [1, 2]) await world.run('DiscardStage', {});
  assert.ok(await paired.isEmpty(spare));
  assert.deepEqual(await world.databases(), [world.live, spare]);
});

for (const moment of MOMENTS)
  test(`who stood still at filling the spare database, ${moment}, while another filled it changes nothing`, async () => {
    await using paired = await pairedWorld();
    const { world, taken, spare } = paired;
    const { stands, letGo } = world.standStill(moment);
    const zombie = world.stage(taken).then(
      () => 'done',
      () => 'refused',
    );
    await stands;
    await world.stage(taken);
    letGo();
    assert.equal(await zombie, 'refused');
    assert.deepEqual(await world.rows('SELECT x FROM public.t', spare), [{ x: 'backup' }]);
  });

test('released, the old one is the spare of the next restore, which goes the other way', async () => {
  await using paired = await pairedWorld();
  const { world, taken, spare, content } = paired;
  for (const [from, to] of [
    [world.live, spare],
    [spare, world.live],
  ] as const) {
    const staged = { ...(await world.stage(taken)) };
    await world.run('CloseDatabase', {});
    paired.name(to);
    await world.run('PivotRestore', { staged });
    assert.equal(await content(to), 'backup');
    for (const _ of [1, 2]) await world.run('ReleaseKept', { states: [{ ofRun: world.runId, staged }] });
    assert.ok(await paired.isEmpty(from));
    assert.equal(await content(to), 'backup');
    assert.deepEqual((await world.preflight('PURPOSE_RESTORE', taken)).problems, []);
  }
});

test('a spare database that holds something of somebody else is refused, and neither staging nor discarding touches it', async () => {
  await using paired = await pairedWorld();
  const { world, taken, spare, content } = paired;
  await sql(spare, "CREATE TABLE t (x text); INSERT INTO t VALUES ('somebody else’s')");
  const { problems } = await world.preflight('PURPOSE_RESTORE', taken);
  assert.deepEqual(
    problems.map((each) => [each.code, each.subject]),
    [['DATABASE_SAME_TARGET', spare]],
  );
  await assert.rejects(world.stage(taken), code('DATABASE_SAME_TARGET'));
  await world.run('DiscardStage', {});
  assert.equal(await content(spare), 'somebody else’s');
});

test('a spare database that is not there, or not the role’s own, is told with the statement that helps', async () => {
  await using paired = await pairedWorld();
  const { world, taken, spare } = paired;
  await sql('postgres', `ALTER DATABASE ${quoteName(spare)} OWNER TO CURRENT_USER`);
  const foreign = (await world.preflight('PURPOSE_RESTORE', taken)).problems;
  assert.deepEqual(
    foreign.map((each) => each.remedy),
    [`ALTER DATABASE ${quoteName(spare)} OWNER TO "app_${world.tag}";`],
  );
  await sql('postgres', `DROP DATABASE ${quoteName(spare)}`);
  const missing = (await world.preflight('PURPOSE_RESTORE', taken)).problems;
  assert.deepEqual(
    missing.map((each) => [each.code, each.remedy]),
    [
      [
        'DATABASE_MISSING',
        `CREATE DATABASE ${quoteName(spare)} TEMPLATE template0 OWNER "app_${world.tag}";`,
      ],
    ],
  );
  paired.name('a_third');
  assert.equal((await world.preflight('PURPOSE_RESTORE', taken)).problems[0]?.code, 'CONFIG_INVALID');
});

test('on a managed server a role that may see and make nothing but its two databases backs up and restores, and what is left out is named', async () => {
  await using paired = await pairedWorld();
  const { world, spare } = paired;
  const role = `app_${world.tag}`;
  await sql(
    world.live,
    `REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC; GRANT SELECT (rolname) ON pg_catalog.pg_authid TO ${role};
     CREATE FOREIGN DATA WRAPPER nothing; GRANT USAGE ON FOREIGN DATA WRAPPER nothing TO ${role}`,
  );
  await world.sql(`SET ROLE ${role}; CREATE SERVER far FOREIGN DATA WRAPPER nothing;
    CREATE USER MAPPING FOR ${role} SERVER far OPTIONS (password 'x');
    CREATE TYPE span AS RANGE (subtype = int); CREATE TABLE numbered (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, s span);
    INSERT INTO numbered (s) VALUES ('[1,3)'), (NULL); CREATE VIEW seen AS SELECT * FROM numbered; COMMENT ON TABLE t IS 'ours'`);
  await world.sql(`CREATE ROLE other_${world.tag} LOGIN PASSWORD 'x'; GRANT SELECT ON t TO other_${world.tag};
    CREATE USER MAPPING FOR other_${world.tag} SERVER far OPTIONS (password 'y')`);
  world.runId = randomBytes(16).toString('hex');
  const { warnings } = await world.preflight('PURPOSE_BACKUP');
  const taken = await world.take();
  const named = [
    `options of the user mapping of other_${world.tag} on far`,
    'grants on system objects: pg_authid, pg_control_system',
  ];
  assert.deepEqual(
    warnings.map(({ subject }) => subject),
    named,
  );
  assert.deepEqual(
    taken.leftOut.map(({ what, partial }) => [what, partial]),
    [...named, 'passwords of roles'].map((what) => [what, false]),
  );
  assert.equal(taken.facts['systemIdentifier'], '');

  // What only a superuser makes again is gone from here on; the rest must come back whole.
  await world.sql('DROP FOREIGN DATA WRAPPER nothing CASCADE');
  world.runId = randomBytes(16).toString('hex');
  const again = await world.take();
  assert.deepEqual((await world.preflight('PURPOSE_RESTORE', again)).problems, []);
  await world.stage(again);
  await world.sql(
    `GRANT EXECUTE ON FUNCTION pg_control_system() TO PUBLIC; REVOKE SELECT (rolname) ON pg_catalog.pg_authid FROM ${role}`,
  );
  const [was, is] = [await wholeOf(world.live), await wholeOf(spare)];
  for (const part of ['schema', 'content', 'sequences'] as const) assert.deepEqual(is[part], was[part], part);
});
