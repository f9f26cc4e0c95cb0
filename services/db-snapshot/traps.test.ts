import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startPostgres } from '#deploy/local/postgres-server.ts';
import type { TableRecord } from '#libs/contracts/database-snapshot.ts';
import { Secret } from '#libs/kernel/secret.ts';
import { readNdjson } from '#libs/repository/ndjson.ts';
import { openWorld, sql, type World } from './fixtures/world.ts';

/**
 * What a dump and a restore of rows can lose without saying so, each trap by itself. Trap 1 and the moment of trap 2
 * are in moment.test.ts, hidden rows of trap 3 in preflight.test.ts.
 */
const code = (expected: string) => (error: unknown) => (error as { code: string }).code === expected;

/** Of the given statements the backup, and what was restored from it. */
async function restored(statements: string) {
  const world = await openWorld();
  await world.sql(statements);
  const taken = await world.take();
  const staged = await world.stage(taken);
  return {
    world,
    taken,
    staged,
    ask: <Row extends object>(query: string) => world.rows<Row>(query, staged.side),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

/** How each table's rows travelled. */
async function formatsOf(world: World, taken: Awaited<ReturnType<World['take']>>) {
  const { repository } = world.service.ports;
  const { signal } = new AbortController();
  const { streams } = await repository.readSnapshot(taken.snapshot, { signal });
  const tables = readNdjson<TableRecord>(repository.read(streams['tables']!, { signal }));
  return new Map((await Array.fromAsync(tables)).map(({ name, format }) => [name, format]));
}

test('trap 2: the next value of each sequence is the one that the source would have given', async () => {
  await using made =
    await restored(`CREATE TABLE deleted (id serial); INSERT INTO deleted SELECT FROM generate_series(1, 9); DELETE FROM deleted;
    CREATE TABLE fresh (id int GENERATED ALWAYS AS IDENTITY); CREATE SEQUENCE set_only; SELECT setval('set_only', 77, false);
    CREATE SEQUENCE down INCREMENT -3 MAXVALUE 100 START 50; SELECT nextval('down')`);
  const next = `SELECT nextval('public.deleted_id_seq')::int AS deleted, nextval('public.fresh_id_seq')::int AS fresh,
                       nextval('public.set_only')::int AS "setOnly", nextval('public.down')::int AS down`;
  assert.deepEqual(await made.ask(next), [{ deleted: 10, fresh: 1, setOnly: 77, down: 47 }]);
});

test('trap 3: an owner from whom his own policies hide rows is refused', async () => {
  await using world = await openWorld();
  const role = await world.readAs('owner');
  await world.sql(`CREATE TABLE t (id int); INSERT INTO t VALUES (1), (2); ALTER TABLE t OWNER TO ${role};
    CREATE POLICY one ON t USING (id = 1); ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY`);
  await assert.rejects(world.take(), code('DATABASE_ROW_SECURITY'));
});

test('trap 3: timeouts, styles, paths and isolation of database and role change no value', async () => {
  await using world = await openWorld();
  await world.sql(`CREATE TABLE t (d date, i interval, f float8, b bytea, z timestamptz, r regclass);
    INSERT INTO t VALUES ('2026-03-04', '1 mon -2 days', 0.1, '\\x00ff', '2026-03-29 01:30+00', 't');
    CREATE TABLE slow AS SELECT g AS id, repeat('x', 100) AS t FROM generate_series(1, 50000) g`);
  const superuser = world.secrets.get('DB_URL')!;
  const role = await world.readAs('reader');
  await world.sql(`GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`);
  const settings = {
    statement_timeout: "'20ms'",
    lock_timeout: "'1ms'",
    idle_in_transaction_session_timeout: "'1ms'",
    DateStyle: "'SQL, DMY'",
    IntervalStyle: 'sql_standard',
    extra_float_digits: '-15',
    bytea_output: 'escape',
    TimeZone: "'Asia/Kolkata'",
    search_path: 'pg_temp',
    default_transaction_isolation: 'serializable',
    default_transaction_read_only: 'on',
    client_encoding: 'LATIN1',
  };
  for (const [name, value] of Object.entries(settings)) {
    await sql('postgres', `ALTER DATABASE ${world.live} SET ${name} = ${value}`);
    await sql('postgres', `ALTER ROLE ${role} SET ${name} = ${value}`);
  }
  const taken = await world.take();
  world.secrets.set('DB_URL', superuser);
  const { side } = await world.stage(taken);
  const all = 'SELECT t::text, (SELECT count(*)::int FROM public.slow) AS rows FROM public.t';
  assert.deepEqual(await world.rows(all, side), await world.rows(all));
});

test('trap 4: children, generated and dropped columns, and a partition’s own order neither double nor shift a value', async () => {
  await using made =
    await restored(`CREATE TABLE parent (id int); CREATE TABLE child (x int) INHERITS (parent); INSERT INTO parent VALUES (1); INSERT INTO child VALUES (2, 3);
    CREATE TABLE t (gone int, a int, b int GENERATED ALWAYS AS (a * 2) STORED, c text); ALTER TABLE t DROP COLUMN gone; INSERT INTO t (a, c) VALUES (1, 'x');
    CREATE TABLE whole (a int, b int) PARTITION BY LIST (a); CREATE TABLE part (b int, a int); ALTER TABLE whole ATTACH PARTITION part FOR VALUES IN (1); INSERT INTO whole VALUES (1, 2)`);
  const { rowsByTable } = made.taken.facts as { rowsByTable: Readonly<Record<string, number>> };
  assert.deepEqual(rowsByTable, { 'public.child': 1, 'public.parent': 1, 'public.part': 1, 'public.t': 1 });
  const seen = `SELECT (SELECT array_agg(id ORDER BY id) FROM public.parent) AS parent,
                       (SELECT to_json(t) FROM public.t) AS t, (SELECT to_json(w) FROM public.whole w) AS whole`;
  assert.deepEqual(await made.ask(seen), [
    { parent: [1, 2], t: { a: 1, b: 2, c: 'x' }, whole: { a: 1, b: 2 } },
  ]);
});

test('trap 5: identity that is always generated keeps its ids and goes on; types, defaults and functions that need one another are there', async () => {
  await using made =
    await restored(`CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY, x int); INSERT INTO t (x) SELECT g FROM generate_series(1, 41) g; DELETE FROM t WHERE id < 41;
    CREATE TABLE node (id int); CREATE FUNCTION first_node() RETURNS node LANGUAGE plpgsql IMMUTABLE AS 'DECLARE n public.node; BEGIN n.id := 7; RETURN n; END';
    CREATE DOMAIN node_id AS int CHECK (VALUE >= (first_node()).id); ALTER TABLE node ADD ref node_id DEFAULT (first_node()).id; CREATE TYPE leaf AS (id int); CREATE TABLE tree (id int, nodes leaf[] DEFAULT ARRAY[ROW((first_node()).id)::leaf]);
    INSERT INTO node (id) VALUES (1); INSERT INTO tree VALUES (1)`);
  const { ask } = made;
  assert.deepEqual(await ask('INSERT INTO public.t (x) VALUES (0) RETURNING id'), [{ id: 42 }]);
  assert.deepEqual(await ask('SELECT id FROM public.t WHERE x > 0'), [{ id: 41 }]);
  const both = 'SELECT ref, (nodes[1]).id AS first FROM public.node JOIN public.tree USING (id)';
  assert.deepEqual(await ask(both), [{ ref: 7, first: 7 }]);
});

test('trap 6: what names an object by number travels as its name, money without the locale, enums as labels', async () => {
  await using made =
    await restored(`CREATE TABLE before (id int); CREATE TABLE named (id int); CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE TYPE mood AS ENUM ('b', 'a'); CREATE TABLE t (r regclass, p regprocedure, m money, e mood[], f8 float8, n numeric);
    INSERT INTO t VALUES ('named', 'f(int)', 12.34, '{a,b}', 'Infinity', 'NaN'); DROP TABLE before`);
  const oid = `SELECT 'public.named'::regclass::oid::text AS oid`;
  assert.notDeepEqual(await made.ask(oid), await made.world.rows(oid));
  assert.deepEqual(await made.ask('SELECT t::text FROM public.t'), [
    { t: '(public.named,"public.f(integer)",$12.34,"{a,b}",Infinity,NaN)' },
  ]);
  assert.equal((await formatsOf(made.world, made.taken)).get('t'), 'text');
});

test('trap 6: bytes travel as they are, not twice as long', async () => {
  const bytes = 24 * 1024 * 1024;
  await using made = await restored(
    `CREATE TABLE t (id int, b bytea); INSERT INTO t VALUES (1, convert_to(repeat('x', ${bytes}), 'UTF8')), (2, ''), (3, NULL)`,
  );
  assert.equal((await formatsOf(made.world, made.taken)).get('t'), 'binary');
  const rows = await made.ask('SELECT id, length(b) AS bytes FROM public.t ORDER BY id');
  assert.deepEqual(rows, [
    { id: 1, bytes },
    { id: 2, bytes: 0 },
    { id: 3, bytes: null },
  ]);
});

test('trap 7: rows of default, list and range partitions, and of one by the hash of an enum, are where another database looks for them', async () => {
  await using made =
    await restored(`CREATE TYPE mood AS ENUM ('a', 'b', 'c', 'd', 'e'); CREATE TABLE by_enum (m mood) PARTITION BY HASH (m);
    CREATE TABLE by_enum_0 PARTITION OF by_enum FOR VALUES WITH (MODULUS 2, REMAINDER 0); CREATE TABLE by_enum_1 PARTITION OF by_enum FOR VALUES WITH (MODULUS 2, REMAINDER 1);
    INSERT INTO by_enum SELECT unnest(enum_range(NULL::mood));
    CREATE TABLE by_list (t text) PARTITION BY LIST (t); CREATE TABLE by_list_a PARTITION OF by_list FOR VALUES IN ('a', NULL); CREATE TABLE by_list_rest PARTITION OF by_list DEFAULT;
    INSERT INTO by_list VALUES ('a'), (NULL), ('ä'), ('')`);
  const { ask } = made;
  for (const label of ['a', 'b', 'c', 'd', 'e'])
    assert.deepEqual(await ask(`SELECT count(*)::int AS n FROM public.by_enum WHERE m = '${label}'`), [
      { n: 1 },
    ]);
  const places = await ask(
    'SELECT t, tableoid::regclass::text AS part FROM public.by_list ORDER BY t NULLS FIRST',
  );
  assert.deepEqual(places, [
    { t: null, part: 'public.by_list_a' },
    { t: '', part: 'public.by_list_rest' },
    { t: 'a', part: 'public.by_list_a' },
    { t: 'ä', part: 'public.by_list_rest' },
  ]);
});

test('trap 8: a key that looks valid over rows that break it comes back as one for rows to come, and is named', async () => {
  await using made =
    await restored(`CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (id int CONSTRAINT to_p REFERENCES p); CREATE TABLE d (id int CONSTRAINT sound REFERENCES p);
    INSERT INTO p VALUES (1); INSERT INTO d VALUES (1); SET session_replication_role = replica; INSERT INTO c VALUES (1), (9)`);
  assert.deepEqual(
    made.staged.adapted.incomplete.map((text) => text.includes('to_p')),
    [true],
  );
  const keys = await made.ask(
    `SELECT conname, convalidated FROM pg_constraint WHERE contype = 'f' ORDER BY conname`,
  );
  assert.deepEqual(keys, [
    { conname: 'sound', convalidated: true },
    { conname: 'to_p', convalidated: false },
  ]);
  assert.deepEqual(await made.ask('SELECT id FROM public.c ORDER BY id'), [{ id: 1 }, { id: 9 }]);
});

test('trap 8: a check that reads another table costs no row; what was not validated is not', async () => {
  await using made =
    await restored(`CREATE TABLE zz_limits (most int); INSERT INTO zz_limits VALUES (10); CREATE FUNCTION most() RETURNS int LANGUAGE sql AS 'SELECT most FROM public.zz_limits';
    CREATE TABLE aa_limited (n int CONSTRAINT below CHECK (n <= most())); INSERT INTO aa_limited VALUES (9);
    CREATE TABLE lax (n int); INSERT INTO lax VALUES (-1); ALTER TABLE lax ADD CONSTRAINT later CHECK (n > 0) NOT VALID`);
  assert.deepEqual(await made.ask('SELECT n FROM public.aa_limited'), [{ n: 9 }]);
  const checks = await made.ask(
    `SELECT conname, convalidated FROM pg_constraint WHERE contype = 'c' AND connamespace = 'public'::regnamespace ORDER BY conname`,
  );
  assert.deepEqual(checks, [
    { conname: 'below', convalidated: true },
    { conname: 'later', convalidated: false },
  ]);
});

test('trap 9: what no copy of rows sees is there, each as often as before', async () => {
  const user = `oid >= 16384`;
  const counts = `SELECT (SELECT count(*) FROM pg_policy)::int AS policies, (SELECT count(*) FROM pg_event_trigger WHERE evtenabled = 'D')::int AS "eventTriggersOff",
    (SELECT count(*) FROM pg_statistic_ext)::int AS statistics, (SELECT count(*) FROM pg_publication)::int AS publications, (SELECT count(*) FROM pg_default_acl)::int AS "defaultAcls",
    (SELECT count(*) FROM pg_rewrite WHERE ${user} AND ev_enabled = 'D')::int AS "rulesOff", (SELECT count(*) FROM pg_trigger WHERE tgenabled = 'A')::int AS "triggersAlways",
    (SELECT count(*) FROM pg_class WHERE relpersistence = 'u' AND relkind = 'r')::int AS unlogged, (SELECT count(*) FROM pg_class WHERE relkind = 'f')::int AS "foreign",
    (SELECT count(*) FROM pg_description WHERE description = 'said')::int AS comments, (SELECT count(*) FROM pg_largeobject_metadata WHERE lomacl IS NOT NULL)::int AS "largeObjects",
    (SELECT count(*) FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase WHERE datname = current_database())::int AS settings`;
  await using made =
    await restored(`CREATE TABLE t (a int, b int); COMMENT ON TABLE t IS 'said'; CREATE POLICY p ON t; CREATE STATISTICS s ON a, b FROM t; CREATE PUBLICATION pub FOR TABLE t;
    ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC; CREATE RULE r AS ON DELETE TO t DO ALSO NOTHING; ALTER TABLE t DISABLE RULE r; CREATE UNLOGGED TABLE u (id int);
    CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE t ENABLE ALWAYS TRIGGER g;
    CREATE FUNCTION e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION $$no$$; END'; CREATE FOREIGN DATA WRAPPER w; CREATE SERVER x FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE ft (id int) SERVER x;
    SELECT lo_create(77); GRANT SELECT ON LARGE OBJECT 77 TO PUBLIC; DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = ''9MB''', current_database()); END $$;
    CREATE EVENT TRIGGER v ON ddl_command_start EXECUTE FUNCTION e(); ALTER EVENT TRIGGER v DISABLE`);
  const [was] = await made.world.rows<Record<string, number>>(counts);
  assert.deepEqual(await made.ask(counts), [was]);
  assert.ok(
    Object.values(was!).every((count) => count > 0),
    JSON.stringify(was),
  );
});

test('trap 10: a byte that is flipped in any object of the backup is refused, and the live database is as it was', async () => {
  await using world = await openWorld();
  await world.sql('CREATE TABLE t AS SELECT g AS id, md5(g::text) AS t FROM generate_series(1, 2000) g');
  const taken = await world.take();
  const packs = await Array.fromAsync(world.store.list('packs/'));
  assert.ok(packs.length > 0);
  for (const { name, bytes } of packs) {
    const whole = await world.store.get(name);
    const at = Math.floor(bytes / 3);
    await world.store.put(name, whole.with(at, whole[at]! ^ 1), { createOnly: false });
  }
  await assert.rejects(world.stage(taken));
  assert.deepEqual(await world.rows('SELECT count(*)::int AS n FROM public.t'), [{ n: 2000 }]);
});

test('trap 10: materialised views are filled and tables have statistics, or the restore fails', async () => {
  await using made =
    await restored(`CREATE TABLE t AS SELECT g AS id FROM generate_series(1, 1000) g; CREATE MATERIALIZED VIEW zz AS SELECT count(*) AS n FROM t; CREATE MATERIALIZED VIEW aa AS SELECT n FROM zz;
    CREATE TABLE on_path (n int); INSERT INTO on_path VALUES (5); CREATE FUNCTION by_path() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT n FROM on_path); END'; CREATE MATERIALIZED VIEW pathed AS SELECT by_path() AS n`);
  const seen = `SELECT (SELECT n::int FROM public.aa) AS aa, (SELECT n FROM public.pathed) AS pathed,
                       (SELECT reltuples::int FROM pg_class WHERE oid = 'public.t'::regclass) AS estimate`;
  assert.deepEqual(await made.ask(seen), [{ aa: 1000, pathed: 5, estimate: 1000 }]);
});

test('trap: views on views and functions with bodies and search paths of their own answer as before', async () => {
  await using made =
    await restored(`CREATE SCHEMA own; CREATE TABLE own.t (n int); INSERT INTO own.t VALUES (4);
    CREATE FUNCTION zz_parsed() RETURNS int BEGIN ATOMIC SELECT n FROM own.t; END; CREATE FUNCTION by_own_path() RETURNS int LANGUAGE plpgsql SET search_path = own AS 'BEGIN RETURN (SELECT n FROM t); END';
    CREATE VIEW zz_first AS SELECT zz_parsed() + by_own_path() AS n; CREATE VIEW aa_second AS SELECT n + 1 AS n FROM zz_first`);
  assert.deepEqual(await made.ask('SELECT n FROM public.aa_second'), [{ n: 9 }]);
});

test('trap: of inheritance from several parents each row comes back once, in its own table', async () => {
  await using made =
    await restored(`CREATE TABLE top (id int DEFAULT 1); CREATE TABLE l (a int) INHERITS (top); CREATE TABLE r (b int) INHERITS (top); CREATE TABLE both_of (c int) INHERITS (l, r);
    INSERT INTO top VALUES (1); INSERT INTO l VALUES (2, 2); INSERT INTO r VALUES (3, 3); INSERT INTO both_of VALUES (4, 4, 4, 4)`);
  const rows = await made.ask('SELECT id, tableoid::regclass::text AS place FROM public.top ORDER BY id');
  assert.deepEqual(rows, [
    { id: 1, place: 'public.top' },
    { id: 2, place: 'public.l' },
    { id: 3, place: 'public.r' },
    { id: 4, place: 'public.both_of' },
  ]);
});

test('trap: an index that was never finished is named as left out, and costs no row', async () => {
  await using made =
    await restored(`CREATE TABLE t (id int); INSERT INTO t VALUES (1), (1); CREATE INDEX unfinished ON t (id);
    UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'unfinished'::regclass`);
  assert.deepEqual(
    made.taken.leftOut.map(({ what, partial }) => ({ what, partial })),
    [{ what: 'index public.unfinished', partial: false }],
  );
  assert.deepEqual(await made.ask('SELECT id FROM public.t'), [{ id: 1 }, { id: 1 }]);
});

test('trap: a transaction that is prepared and undecided is not in the backup; one that holds a table is a named refusal', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-prepared-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const server = await startPostgres({
    dataFolder: join(folder, 'pg'),
    bin: process.env['PG_BIN'] ?? '',
    settings: { fsync: 'off', max_prepared_transactions: '2' },
  });
  stack.defer(() => server.discard());
  const place = { url: new Secret(server.superuserUrl), bin: server.bin };
  await using world = await openWorld({ server: place });
  await world.sql('CREATE TABLE t (id int); INSERT INTO t VALUES (1)');
  await world.sql("BEGIN; INSERT INTO t VALUES (2); PREPARE TRANSACTION 'undecided'");
  const { side } = await world.stage(await world.take());
  assert.deepEqual(await world.rows('SELECT id FROM public.t', side), [{ id: 1 }]);
  await world.sql("ROLLBACK PREPARED 'undecided'");
  await world.sql("BEGIN; TRUNCATE t; PREPARE TRANSACTION 'holds'");
  await assert.rejects(world.take(), code('DATABASE_CONTENDED'));
  await world.sql("ROLLBACK PREPARED 'holds'");
});

test('trap: publications come back also where the server’s wal_level publishes nothing', async () => {
  await using made = await restored('CREATE TABLE t (id int PRIMARY KEY); CREATE PUBLICATION p FOR TABLE t');
  assert.deepEqual(
    await made.ask(`SELECT current_setting('wal_level') AS level, pubname FROM pg_publication_tables`),
    [{ level: 'replica', pubname: 'p' }],
  );
});

for (const format of ['binary', 'text'])
  test(`trap: NULL, empty text and what looks like either stay apart, as ${format}`, async () => {
    const more = format === 'text' ? ', m money' : '';
    await using made = await restored(`CREATE TABLE t (id serial, t text, a text[]${more});
      INSERT INTO t (t, a) VALUES (NULL, NULL), ('', '{}'), ('NULL', '{NULL}'), (E'\\\\N', '{""}'), (E'\\\\.', '{"NULL"}')`);
    assert.equal((await formatsOf(made.world, made.taken)).get('t'), format);
    assert.deepEqual(await made.ask('SELECT t, a FROM public.t ORDER BY id'), [
      { t: null, a: null },
      { t: '', a: [] },
      { t: 'NULL', a: [null] },
      { t: '\\N', a: [''] },
      { t: '\\.', a: ['NULL'] },
    ]);
  });

test('trap: names with quotes, line breaks, dots and letters of any alphabet name the same', async () => {
  const name = `"q""uo'te\n.d\\ö表 %s $1;--"`;
  await using made = await restored(
    `CREATE SCHEMA ${name}; CREATE TABLE ${name}.${name} (${name} text); INSERT INTO ${name}.${name} VALUES ('x')`,
  );
  assert.deepEqual(await made.ask(`SELECT ${name} AS value FROM ${name}.${name}`), [{ value: 'x' }]);
});

test('trap: times that ISO text does not know come back: before Christ, after the year 9999, without end, 24:00', async () => {
  await using made = await restored(`CREATE TABLE t (d date, ts timestamp, tz timestamptz, t time);
    INSERT INTO t VALUES ('4713-11-24 BC', '0044-03-15 12:00 BC', '294276-12-31 23:59:59.999999+00', '24:00'), ('infinity', '-infinity', 'infinity', '00:00')`);
  const all = 'SELECT x::text AS t FROM public.t x ORDER BY 1';
  const seen = await made.ask<{ t: string }>(all);
  assert.deepEqual(seen, await made.world.rows(all));
  assert.deepEqual(
    seen.map(({ t }) => /BC.*BC.*294276.*24:00|infinity,-infinity,infinity/.test(t)),
    [true, true],
  );
});
