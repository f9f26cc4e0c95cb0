import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { withDatabase } from '#libs/postgres/address.ts';
import { quoteName } from '#libs/postgres/quote.ts';
import { openWorld, rows, SUPERUSER } from './fixtures/world.ts';

const CORPUS = readFileSync(new URL('fixtures/corpus.sql', import.meta.url), 'utf8');
const RULES = `files:
  roots: [ { name: storage, path: /srv/storage } ]
  documents: [ { table: files, path: path, sha256: digest, size: size, root: storage, prefix: docs/, base: in } ]
`;

/** Every row of every table as text, in the test's own words; by name and not by object id. */
async function contentOf(database: string): Promise<Record<string, string>> {
  const tables = await rows<{ name: string; columns: string }>(
    database,
    `SELECT c.oid::regclass::text AS name, coalesce((SELECT string_agg(quote_ident(attname), ',' ORDER BY attname)
              FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped), '') AS columns
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'm') AND n.nspname !~ '^pg_|^information_schema'`,
  );
  const content: Record<string, string> = {};
  for (const { name, columns } of tables) {
    const [row] = await rows<{ hash: string }>(
      database,
      `SELECT count(*) || ' ' || coalesce(md5(string_agg(md5(ROW(${columns})::text), '' ORDER BY md5(ROW(${columns})::text))), '') AS hash FROM ONLY ${name}`,
    );
    content[name] = row!.hash;
  }
  return content;
}

async function schemaOf(database: string): Promise<string> {
  const dump = join(process.env['PG_BIN'] ?? '', 'pg_dump');
  const { stdout } = await promisify(execFile)(dump, ['-s', withDatabase(SUPERUSER, database).reveal()], {
    maxBuffer: 64 << 20,
  });
  return stdout.replaceAll(/^\\(un)?restrict .*$/gm, '');
}

async function sequencesOf(database: string) {
  const names = await rows<{ name: string }>(
    database,
    `SELECT c.oid::regclass::text AS name FROM pg_class c WHERE relkind = 'S' ORDER BY 1`,
  );
  return await Promise.all(
    names.map(async ({ name }) => ({
      name,
      ...(
        await rows<{ last_value: string; is_called: boolean }>(
          database,
          `SELECT last_value, is_called FROM ${name}`,
        )
      )[0],
    })),
  );
}

async function ownFactsOf(database: string) {
  return await rows(
    'postgres',
    `SELECT ARRAY(SELECT a::text FROM unnest(datacl) a ORDER BY 1) AS acl, datconnlimit, pg_get_userbyid(datdba) AS owner, shobj_description(d.oid, 'pg_database') AS comment,
            (SELECT array_agg(setrole::regrole::text || ':' || setconfig::text ORDER BY setrole) FROM pg_db_role_setting WHERE setdatabase = d.oid) AS settings
       FROM pg_database d WHERE datname = '${database.replaceAll("'", "''")}'`,
  );
}

test('what is staged is the source: schema, every row, sequences, the database itself', async () => {
  await using world = await openWorld({ more: RULES });
  const reader = `reader_${world.tag}`;
  const db = quoteName(world.live);
  await world.sql(CORPUS);
  await world.sql(`CREATE ROLE ${reader} LOGIN PASSWORD 'x'; GRANT SELECT ON big TO ${reader}; GRANT CONNECT, TEMP ON DATABASE ${db} TO ${reader};
    REVOKE CONNECT ON DATABASE ${db} FROM PUBLIC; ALTER DATABASE ${db} SET search_path TO "$user", public, 'odd "schema" ü';
    ALTER ROLE ${reader} IN DATABASE ${db} SET statement_timeout TO '5min'; ALTER DATABASE ${db} SET statement_timeout TO '20ms';
    COMMENT ON DATABASE ${db} IS 'it''s ours'; ALTER DATABASE ${db} CONNECTION LIMIT 33;
    ALTER TABLE guarded ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON guarded USING (owner = current_user)`);
  const taken = await world.take();
  const staged = await world.stage(taken);

  for (const silent of ['structure', 'proof of public.big', 'keys, indexes and triggers', 'statistics'])
    assert.ok(world.told.includes(silent), silent);
  assert.deepEqual(await contentOf(staged.side), await contentOf(world.live));
  assert.equal(await schemaOf(staged.side), await schemaOf(world.live));
  assert.deepEqual(await sequencesOf(staged.side), await sequencesOf(world.live));
  assert.deepEqual(await ownFactsOf(staged.side), await ownFactsOf(world.live));
  assert.equal(taken.facts['rows'], 100_207);
  assert.deepEqual(world.early, [{ mark: taken.mark, attempt: 1 }]);
  assert.deepEqual(
    taken.leftOut.map(({ what, partial }) => ({ what, partial })),
    [
      { what: 'files.path: docs/../../etc/passwd', partial: true },
      { what: 'files.path: 1 paths, the first is other/b.pdf', partial: false },
    ],
  );
});
