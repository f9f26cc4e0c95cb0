import { join } from 'node:path';
import { execa } from 'execa';

/** The one of several slices, and a small one with keys both ways. */
export const WATCHED_TABLES: ReadonlySet<string> = new Set(['scans', 'documents']);

/** 39 MB that no compression makes smaller: two slices, three packs. */
const SCANS = 38_000;

const RECORDS = `
CREATE TYPE state AS ENUM ('new', 'filed', 'gone');
CREATE TABLE people (id serial PRIMARY KEY, name text NOT NULL UNIQUE);
CREATE TABLE tags (id serial PRIMARY KEY, name text NOT NULL UNIQUE);
CREATE TABLE empty (id bigint PRIMARY KEY);
CREATE TABLE documents (id serial PRIMARY KEY, owner int NOT NULL REFERENCES people, title text NOT NULL, state state NOT NULL DEFAULT 'new');
CREATE TABLE document_tags (document int REFERENCES documents, tag int REFERENCES tags, PRIMARY KEY (document, tag));
CREATE TABLE access_log (id bigint GENERATED ALWAYS AS IDENTITY, document int, at timestamptz) PARTITION BY RANGE (at);
CREATE TABLE access_log_1 PARTITION OF access_log FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE access_log_2 PARTITION OF access_log FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE scans (id bigint PRIMARY KEY, document int NOT NULL REFERENCES documents, page bytea NOT NULL);
-- What an application writes while nobody looks; by a key of its own, for a server that is killed skips numbers.
CREATE TABLE journal (note text PRIMARY KEY);
INSERT INTO people (name) SELECT 'person ' || n FROM generate_series(1, 50) n;
INSERT INTO tags (name) SELECT 'tag ' || n FROM generate_series(1, 20) n;
INSERT INTO documents (owner, title, state) SELECT 1 + n % 50, md5(n::text), (enum_range(NULL::state))[1 + n % 3] FROM generate_series(1, 4000) n;
INSERT INTO document_tags SELECT n, 1 + (n * k) % 19 FROM generate_series(1, 4000) n, generate_series(1, 2) k ON CONFLICT DO NOTHING;
INSERT INTO access_log (document, at) SELECT 1 + n % 4000, timestamptz '2025-01-01 UTC' + n * interval '1 hour' FROM generate_series(1, 15000) n;
INSERT INTO scans SELECT n, 1 + n % 4000, (SELECT string_agg(sha512(int8send(n * 15 + k)), '') FROM generate_series(1, 15) k) FROM generate_series(1, ${SCANS}::bigint) n;
CREATE INDEX ON documents (title);
CREATE INDEX ON scans (document);
CREATE INDEX ON access_log (document);
CREATE VIEW filed AS SELECT * FROM documents WHERE state = 'filed';
CREATE MATERIALIZED VIEW per_owner AS SELECT owner, count(*) FROM documents GROUP BY owner;
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'kept'; END $$;
CREATE TRIGGER kept BEFORE DELETE ON scans FOR EACH ROW EXECUTE FUNCTION keep();
CREATE FUNCTION look() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$;
CREATE EVENT TRIGGER looks ON ddl_command_start EXECUTE FUNCTION look();
-- Else a server that was killed comes back with numbers skipped.
SELECT setval('people_id_seq', 50), setval('tags_id_seq', 20), setval('documents_id_seq', 4000), setval('access_log_id_seq', 15000);
`;

/** Asks with psql and pg_dump: nothing of Holdfast takes part. `address` of a database by its name. */
export function recordsOn({
  pgBin,
  address,
}: {
  readonly pgBin: string;
  readonly address: (database: string) => string;
}) {
  const run = async (database: string, statements: string): Promise<readonly string[]> => {
    const given = ['-qXAt', '-v', 'ON_ERROR_STOP=1', '-d', address(database)];
    const { stdout } = await execa(join(pgBin, 'psql'), given, { input: statements });
    return stdout.split('\n').filter((line) => line !== '');
  };
  return {
    run,
    make: (database: string) => run(database, RECORDS),

    /** Everything but the journal: structure, rows in any order, numbers of sequences. */
    async fingerprint(database: string): Promise<string> {
      const { stdout } = await execa(join(pgBin, 'pg_dump'), ['-s', '-d', address(database)]);
      const tables = await run(
        database,
        `SELECT oid::regclass FROM pg_class WHERE relkind IN ('r', 'm') AND relnamespace = 'public'::regnamespace AND relname <> 'journal' ORDER BY relname`,
      );
      const sequences = await run(
        database,
        `SELECT oid::regclass FROM pg_class WHERE relkind = 'S' ORDER BY relname`,
      );
      const content = await run(
        database,
        [
          ...tables.map(
            (table) =>
              `SELECT '${table}', count(*), md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))) FROM ${table} t;`,
          ),
          ...sequences.map((name) => `SELECT '${name}', last_value, is_called FROM ${name};`),
        ].join('\n'),
      );
      return [stdout.replaceAll(/^\\(un)?restrict .*$/gm, ''), ...content].join('\n');
    },

    journal: (database: string) => run(database, 'SELECT note FROM journal ORDER BY note'),

    /** False where the database takes no connection. */
    note: (database: string, note: string): Promise<boolean> =>
      run(database, `INSERT INTO journal VALUES ('${note}')`).then(
        () => true,
        () => false,
      ),

    databases: () =>
      run(
        'postgres',
        `SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres' ORDER BY 1`,
      ),

    /** Process ids of sessions that call themselves ours, the newest first. */
    sessions: async () =>
      (
        await run(
          'postgres',
          `SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'holdfast%' ORDER BY backend_start DESC`,
        )
      ).map(Number),
  };
}
