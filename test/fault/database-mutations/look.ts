import { join } from 'node:path';
import { execa } from 'execa';
import type { Secret } from '#libs/kernel/secret.ts';
import { connectDatabase, type Database } from '#libs/postgres/connect.ts';

/** Structure, rows and sequences of a database in the suite's own words: nothing of the product's proof takes part. */
export async function lookAtWhole(url: Secret, pgBin: string): Promise<string> {
  await using session = await connectDatabase(url);
  const { stdout } = await execa(join(pgBin, 'pg_dump'), ['-s', `--dbname=${url.reveal()}`]);
  // Drawn anew for each dump.
  const structure = stdout.replaceAll(/^\\(un)?restrict .*$/gm, '');
  return [structure, await contentOf(session)].join('\n');
}

/** Rows of every table, each as `row` says it, and where every sequence is. */
async function contentOf(session: Database, row = 't::text'): Promise<string> {
  const relations = await session.query<{ name: string; kind: string }>(
    `SELECT oid::regclass::text AS name, relkind AS kind FROM pg_class WHERE relkind IN ('r', 'S') AND oid >= 16384 ORDER BY 1`,
  );
  const each = relations.map(({ name, kind }) =>
    kind === 'S'
      ? `SELECT '${name} ' || last_value || is_called AS line FROM ${name}`
      : `SELECT '${name} ' || count(*) || ' ' || coalesce(sum(hashtextextended(${row}, 0)), 0) AS line FROM ONLY ${name} t`,
  );
  const lines = await session.query<{ line: string }>(each.join(' UNION ALL '));
  return lines.map(({ line }) => line).join('\n');
}

/** What changes when anybody touches the live database: versions of rows, relations and where they lie, its entry of the server. */
export async function fingerprint(live: Database): Promise<string> {
  const [row] = await live.query<{ places: string; entry: string }>(
    `SELECT (SELECT md5(string_agg(oid || ' ' || relname || ' ' || relfilenode, ',' ORDER BY oid)) FROM pg_class WHERE oid >= 16384) AS places,
            (SELECT concat_ws(' ', oid, datname, datallowconn, datconnlimit, datacl) FROM pg_database WHERE datname = current_database()) AS entry`,
  );
  const versions = await contentOf(live, "concat_ws(' ', t.ctid, t.xmin, t.xmax)");
  return `${row!.places} ${row!.entry} ${versions}`;
}
