import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '#libs/kernel/secret.ts';
import { withDatabase } from '#libs/postgres/address.ts';
import { connectDatabase } from '#libs/postgres/connect.ts';
import { openWorld, SUPERUSER, type World, sql } from './fixtures/world.ts';

const DECLARED = `hooks: { stop: [] }
files:
  roots: [ { name: storage, path: /srv/storage } ]
  documents: [ { table: nowhere, path: path, root: storage }, { table: open_table, path: no_such, root: storage } ]
`;

async function address(world: World, change: (url: URL) => void): Promise<void> {
  const url = new URL(withDatabase(SUPERUSER, world.live).reveal());
  change(url);
  world.secrets.set('DB_URL', new Secret(url.href));
}

test('everything that is wrong with a source is told at once, each with its remedy', async () => {
  await using world = await openWorld({ more: DECLARED });
  await world.sql(`CREATE SCHEMA hidden; CREATE TABLE hidden.t (id int);
    CREATE TABLE open_table (id int); CREATE TABLE "Closed" (id int GENERATED ALWAYS AS IDENTITY);
    CREATE TABLE guarded (id int); ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
    SELECT lo_create(0)`);
  const role = await world.readAs('reader');
  await world.sql(`GRANT SELECT ON open_table, guarded TO ${role}`);
  const { problems } = await world.preflight('PURPOSE_BACKUP');
  assert.deepEqual(
    problems.map(({ code, subject, remedy }) => [code, subject, remedy.startsWith('see') ? '' : remedy]),
    [
      ['DATABASE_PRIVILEGE_MISSING', 'schema hidden', `GRANT USAGE ON SCHEMA "hidden" TO "${role}";`],
      ['DATABASE_PRIVILEGE_MISSING', 'hidden.t', `GRANT SELECT ON TABLE "hidden"."t" TO "${role}";`],
      ['DATABASE_PRIVILEGE_MISSING', 'pg_catalog.pg_largeobject', `GRANT pg_read_all_data TO "${role}";`],
      [
        'DATABASE_PRIVILEGE_MISSING',
        'public.Closed',
        `GRANT SELECT ON TABLE "public"."Closed" TO "${role}";`,
      ],
      [
        'DATABASE_PRIVILEGE_MISSING',
        'public.Closed_id_seq',
        `GRANT SELECT ON SEQUENCE "public"."Closed_id_seq" TO "${role}";`,
      ],
      ['DATABASE_ROW_SECURITY', 'public.guarded', `ALTER ROLE "${role}" BYPASSRLS;`],
      [
        'SPEC_INVALID',
        'files.documents of nowhere',
        'correct the listed lines of the spec, then: holdfast init --spec FILE',
      ],
      [
        'SPEC_INVALID',
        'files.documents of open_table',
        'correct the listed lines of the spec, then: holdfast init --spec FILE',
      ],
    ],
  );
});

test('trap 3: rows that policies would hide are an error also when preflight was not asked', async () => {
  await using world = await openWorld();
  await world.sql(`CREATE TABLE guarded (id int); INSERT INTO guarded VALUES (1), (2), (3);
    ALTER TABLE guarded ENABLE ROW LEVEL SECURITY; CREATE POLICY one ON guarded USING (id = 1)`);
  const role = await world.readAs('reader');
  await world.sql(`GRANT SELECT ON guarded TO ${role}`);
  await assert.rejects(world.take(), (error: { code: string; message: string }) => {
    assert.equal(error.code, 'DATABASE_ROW_SECURITY');
    return error.message.includes('guarded');
  });
});

const CANARY = 'canary-password';
for (const [what, change, code] of [
  ['a server that is not there', (url: URL) => (url.port = '1'), 'DATABASE_UNREACHABLE'],
  ['a wrong password', (url: URL) => (url.password = CANARY), 'DATABASE_LOGIN_REFUSED'],
  ['a database that is not there', (url: URL) => (url.pathname = '/no%20such'), 'DATABASE_MISSING'],
] as const) {
  test(`${what}: said as ${code}, without the password`, async () => {
    await using world = await openWorld();
    await address(world, change);
    const { problems } = await world.preflight('PURPOSE_BACKUP');
    assert.deepEqual(
      problems.map((each) => each.code),
      [code],
    );
    await assert.rejects(world.take(), (error: unknown) => {
      const text = JSON.stringify(error) + String(error);
      return !text.includes(CANARY) && !text.includes(new URL(SUPERUSER.reveal()).password);
    });
  });
}

test('a restore is told of open sessions when no stop hook is declared, and of what the target lacks', async () => {
  await using world = await openWorld();
  await world.sql('CREATE TABLE t (id int)');
  const taken = await world.take();
  const role = await world.readAs('reader');
  await using application = await connectDatabase(withDatabase(SUPERUSER, world.live));
  await application.run('SET application_name = edms');
  const { problems, factsJson } = await world.preflight('PURPOSE_RESTORE', taken);
  assert.deepEqual(
    problems.map(({ code, subject }) => [code, subject]),
    [
      ['DATABASE_PRIVILEGE_MISSING', `role ${role}`],
      ['DATABASE_PRIVILEGE_MISSING', `database ${world.live}`],
      ['DATABASE_SESSIONS_OPEN', world.live],
    ],
  );
  assert.equal(problems[1]!.remedy, `ALTER DATABASE "${world.live}" OWNER TO "${role}";`);
  assert.equal(JSON.parse(factsJson).liveDatabase, true);
});

test('after a total loss the plan names the role that comes back without its password, and gives its objects to it', async () => {
  await using world = await openWorld();
  const superuser = world.secrets.get('DB_URL')!;
  const role = await world.readAs('app', 'CREATEDB');
  await sql('postgres', `ALTER DATABASE ${world.live} OWNER TO ${role}`);
  const taken = await world.take();
  world.secrets.set('DB_URL', superuser);
  const warned = async () =>
    (await world.preflight('PURPOSE_RESTORE', taken)).warnings.map(({ subject }) => subject);
  assert.deepEqual(await warned(), []);
  await sql('postgres', `DROP DATABASE ${world.live}`);
  await sql('postgres', `DROP ROLE ${role}`);
  assert.deepEqual(await warned(), [`role ${role}`]);
});

test('own rows of an extension’s tables make a backup partial, with their number, and do not stop it', async () => {
  await using world = await openWorld();
  await world.sql(`CREATE TABLE settings (id int, own bool); ALTER EXTENSION plpgsql ADD TABLE settings;
    CREATE TABLE defaults (id int); ALTER EXTENSION plpgsql ADD TABLE defaults;
    UPDATE pg_extension SET extconfig = ARRAY['settings'::regclass::oid, 'defaults'::regclass::oid],
           extcondition = ARRAY['WHERE own', ''] WHERE extname = 'plpgsql';
    INSERT INTO settings VALUES (1, true), (2, true), (3, false)`);
  const entry = {
    what: 'public.settings: 2 rows',
    reason: 'rows added to a table of extension plpgsql are not copied',
  };
  const { problems, warnings } = await world.preflight('PURPOSE_BACKUP');
  assert.deepEqual(problems, []);
  assert.deepEqual(
    warnings.map(({ subject, message }) => ({ what: subject, reason: message })),
    [entry],
  );
  assert.deepEqual((await world.take()).leftOut, [{ ...entry, partial: true }]);
});

test('tablespaces are named, and a server without them takes the restore', async () => {
  await using world = await openWorld();
  const name = `fast_${world.tag}`;
  {
    await using server = await connectDatabase(SUPERUSER);
    await server.run('SET allow_in_place_tablespaces = on');
    await server.run(`CREATE TABLESPACE ${name} LOCATION ''`);
  }
  await world.sql(`CREATE TABLE t (id int) TABLESPACE ${name}; INSERT INTO t VALUES (1)`);
  const { warnings } = await world.preflight('PURPOSE_BACKUP');
  const taken = await world.take();
  await world.sql(`ALTER TABLE t SET TABLESPACE pg_default`);
  {
    await using server = await connectDatabase(SUPERUSER);
    await server.run(`DROP TABLESPACE ${name}`);
  }
  assert.deepEqual(
    warnings.map(({ subject }) => subject),
    [`tablespaces ${name}`],
  );
  assert.deepEqual(
    taken.leftOut.map(({ what, partial }) => [what, partial]),
    [[`tablespaces ${name}`, false]],
  );
  const { side } = await world.stage(taken);
  assert.deepEqual(await world.rows('SELECT * FROM public.t', side), [{ id: 1 }]);
});

test('a table left out by the spec is restored empty and named with its reason', async () => {
  await using world = await openWorld({ more: '' });
  await world.sql('CREATE TABLE sessions (id int); INSERT INTO sessions VALUES (1); CREATE TABLE t (id int)');
  world.spec.database.exclude.push({ table: 'sessions', reason: 'everybody logs in again' });
  const taken = await world.take();
  assert.deepEqual(taken.leftOut, [
    { what: 'public.sessions', reason: 'everybody logs in again', partial: false },
  ]);
  const staged = await world.stage(taken);
  assert.deepEqual(await world.rows('SELECT * FROM public.sessions', staged.side), []);
});

test('a table that the role may not read is left out and named, where nothing copied leans on it', async () => {
  await using world = await openWorld({ administrator: 'ADMIN_URL' });
  world.secrets.set('ADMIN_URL', withDatabase(SUPERUSER, world.live));
  await world.sql(`CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1);
    CREATE TABLE closed (id int REFERENCES t); INSERT INTO closed VALUES (1);
    CREATE TABLE leaned_on (id int PRIMARY KEY); CREATE TABLE leans (id int REFERENCES leaned_on)`);
  const role = await world.readAs('reader');
  await world.sql(`GRANT SELECT ON t, leans TO ${role}`);
  const told = async () => {
    const { problems, warnings } = await world.preflight('PURPOSE_BACKUP');
    return [problems, warnings].map((each) => each.map(({ code, subject }) => `${code} ${subject}`));
  };
  const lacking = (table: string) => `DATABASE_PRIVILEGE_MISSING public.${table}`;
  assert.deepEqual(await told(), [[lacking('leaned_on')], [lacking('closed')]]);
  await assert.rejects(world.take(), { code: 'DATABASE_PRIVILEGE_MISSING' });
  await world.sql(`GRANT SELECT ON leaned_on TO ${role}`);
  const taken = await world.take();
  assert.deepEqual(
    taken.leftOut.filter(({ partial }) => partial).map(({ what }) => what),
    ['public.closed'],
  );
  const { side } = await world.stage(taken);
  assert.deepEqual(await world.rows('SELECT * FROM public.t', side), [{ id: 1 }]);
  assert.deepEqual(await world.rows('SELECT * FROM public.closed', side), []);
});

test('an administrator’s address that does not work is found before a backup, not at its end', async () => {
  await using world = await openWorld({ administrator: 'ADMIN_URL' });
  await world.sql('CREATE TABLE t (id int)');
  world.secrets.set('ADMIN_URL', new Secret('postgresql://nobody:x@127.0.0.1:1/postgres'));
  const { problems } = await world.preflight('PURPOSE_BACKUP');
  assert.deepEqual(
    problems.map(({ code, subject }) => [code, subject]),
    [['DATABASE_UNREACHABLE', 'database.restoreUrl (ADMIN_URL)']],
  );
});
