import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { before, after, test } from 'node:test';
import type { TableRecord } from '#libs/contracts/database-snapshot.ts';
import type { TakeSnapshotOutcome } from '#libs/contracts/requests.ts';
import { connectDatabase } from '#libs/postgres/connect.ts';
import { readNdjson } from '#libs/repository/ndjson.ts';
import { wholeOf } from './fixtures/compared.ts';
import { ownedByApplication, rolesOfThePage } from './fixtures/roles-page.ts';
import { openWorld, sql, SUPERUSER, type World } from './fixtures/world.ts';

/** Values whose text, and definitions whose text, one or another setting changes. */
const CONTENT = `
  CREATE DOMAIN short AS text; CREATE TYPE pair AS (day date, cost money);
  CREATE TABLE told (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, day date, at timestamptz, gone interval, cost money DEFAULT '1234.56'::money,
    pi float8, raw bytea DEFAULT '\\x00ff'::bytea, doc xml, part xml, names text[], rel regclass, two pair, "order" short,
    until timestamptz DEFAULT '2025-04-03 01:02:03+02', wait interval DEFAULT '-1 day +02:03:04', check (day > '1999-04-03'::date));
  INSERT INTO told (day, at, gone, pi, doc, part, names, rel, two, "order") VALUES
    ('2025-04-03', '2025-04-03 12:00+09', '-1 day +02:03:04', 0.1::float8 + 0.2, '<a/>', 'text <b/>', '{a,NULL,"NULL"}', 'pg_class', ('2025-03-04', 9.99), E'\\\\ ü'),
    ('infinity', '-infinity', '1 year -2 days', 'NaN', NULL, NULL, NULL, 'told', NULL, '');
  CREATE TABLE spread (day date, v bytea) PARTITION BY RANGE (day);
  CREATE TABLE spread_25 PARTITION OF spread FOR VALUES FROM ('2025-03-04') TO ('2025-04-03');
  INSERT INTO spread SELECT '2025-03-05', '\\xdeadbeef' FROM generate_series(1, 500);
  CREATE SCHEMA other; CREATE TABLE other.told (id int REFERENCES told); INSERT INTO other.told VALUES (1);
  CREATE FUNCTION f(d date DEFAULT '2025-04-03') RETURNS money LANGUAGE sql AS $$ SELECT 1::money $$;
  CREATE VIEW seen AS SELECT * FROM told WHERE gone > '-1 day +02:03:04'::interval;
  CREATE MATERIALIZED VIEW kept AS SELECT id, cost * 2 AS twice, at::text AS at FROM told WHERE false;
  CREATE INDEX dear ON told (cost) WHERE cost > '3.50'::money;
  COMMENT ON TABLE told IS 'übrig: ж'`;

const ELSEWHERE = `elsewhere_${randomBytes(4).toString('hex')}`;

/** For the reading and the restoring role, and where it says so for the database; each alone. */
const SETTINGS: readonly (readonly [name: string, value: string, where?: 'database'])[] = [
  ['statement_timeout', '1ms'],
  ['statement_timeout', '30s', 'database'],
  ['lock_timeout', '1ms'],
  ['idle_in_transaction_session_timeout', '1ms'],
  ['DateStyle', 'German, DMY'],
  ['DateStyle', 'SQL, MDY', 'database'],
  ['IntervalStyle', 'sql_standard'],
  ['IntervalStyle', 'iso_8601', 'database'],
  ['TimeZone', 'Asia/Kathmandu'],
  ['TimeZone', 'America/St_Johns', 'database'],
  ['search_path', 'other, pg_catalog'],
  ['search_path', 'other', 'database'],
  ['default_transaction_isolation', 'serializable'],
  ['default_transaction_isolation', 'read committed', 'database'],
  ['default_transaction_read_only', 'on'],
  ['default_transaction_read_only', 'on', 'database'],
  ['default_transaction_deferrable', 'on'],
  ['bytea_output', 'escape'],
  ['extra_float_digits', '-15'],
  ['xmloption', 'document'],
  ['row_security', 'on'],
  ['client_encoding', 'LATIN1'],
  ['client_encoding', 'SQL_ASCII', 'database'],
  ['standard_conforming_strings', 'off'],
  ['session_replication_role', 'replica'],
  ['default_tablespace', ELSEWHERE],
  ['default_toast_compression', 'pglz'],
  ['check_function_bodies', 'on'],
  ['quote_all_identifiers', 'on'],
  ['array_nulls', 'off'],
  ['enable_seqscan', 'off'],
  ['synchronize_seqscans', 'on'],
  ['client_min_messages', 'error'],
  ['application_name', 'somebody'],
];

let world: World;
let roles: Awaited<ReturnType<typeof rolesOfThePage>>;
let plain: { readonly hashes: unknown; readonly whole: Awaited<ReturnType<typeof wholeOf>> };

before(async () => {
  world = await openWorld({ administrator: 'ADMIN_URL' });
  const owner = await ownedByApplication(world);
  await world.sql(`SET ROLE ${owner}; ${CONTENT}`);
  roles = await rolesOfThePage(world);
  {
    await using server = await connectDatabase(SUPERUSER);
    await server.run('SET allow_in_place_tablespaces = on');
    await server.run(`CREATE TABLESPACE ${ELSEWHERE} LOCATION ''`);
    await server.run(`GRANT CREATE ON TABLESPACE ${ELSEWHERE} TO PUBLIC`);
  }
  plain = { hashes: await hashesOf(await world.take()), whole: await wholeOf(world.live) };
});
after(async () => {
  await world[Symbol.asyncDispose]();
  await sql('postgres', `DROP TABLESPACE ${ELSEWHERE}`);
});

for (const [name, value, where] of SETTINGS)
  test(`${name} = ${value} on ${where ?? 'both roles'} changes nothing in what is stored and restored`, async () => {
    const targets =
      where === undefined
        ? [roles.reader, roles.restorer].map((role) => `ROLE ${role}`)
        : [`DATABASE ${world.live}`];
    world.runId = randomBytes(16).toString('hex');
    for (const target of targets) await sql('postgres', `ALTER ${target} SET ${name} = '${value}'`);
    try {
      assert.deepEqual((await world.preflight('PURPOSE_BACKUP')).problems, []);
      const taken = await world.take();
      assert.deepEqual(await hashesOf(taken), plain.hashes);
      assert.deepEqual((await world.preflight('PURPOSE_RESTORE', taken)).problems, []);
      const { side } = await world.stage(taken);
      // They came back with the database, and the looking must not depend on them.
      await sql('postgres', `ALTER DATABASE ${side} RESET ALL`);
      const { own: _own, ...rest } = await wholeOf(side);
      const { own: _was, ...wanted } = plain.whole;
      for (const part of Object.keys(wanted) as (keyof typeof rest)[])
        assert.deepEqual(rest[part], wanted[part], part);
      await world.run('DiscardStage', {});
    } finally {
      for (const target of targets) await sql('postgres', `ALTER ${target} RESET ALL`);
    }
  });

async function hashesOf({ snapshot: ref }: TakeSnapshotOutcome) {
  const { repository } = world.service.ports;
  const signal = new AbortController().signal;
  const snapshot = await repository.readSnapshot(ref, { signal });
  const tables: unknown[] = [];
  for await (const { schema, name, rows, contentHash } of readNdjson<TableRecord>(
    repository.read(snapshot.streams['tables']!, { signal }),
  ))
    tables.push({ schema, name, rows, contentHash });
  return tables;
}
