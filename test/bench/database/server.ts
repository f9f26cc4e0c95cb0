import { startPostgres, type PostgresServer } from '#deploy/local/postgres-server.ts';
import { Secret } from '#libs/kernel/secret.ts';
import { connectDatabase } from '#libs/postgres/connect.ts';
import { quoteName } from '#libs/postgres/quote.ts';
import { LOGS } from './tables.ts';

/** As a small production host has it: durable, with some memory to read, write and build indexes in. */
const SETTINGS = {
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  shared_buffers: '1GB',
  maintenance_work_mem: '256MB',
  max_wal_size: '4GB',
};

export async function startServer(
  dataFolder: string,
  onNote: (note: string) => void,
  more: Readonly<Record<string, string>> = {},
): Promise<PostgresServer> {
  return await startPostgres({ dataFolder, settings: { ...SETTINGS, ...more }, onNote });
}

/** As the server says they are. */
export async function readSettings(url: string): Promise<Readonly<Record<string, string>>> {
  await using server = await connectDatabase(new Secret(url));
  const rows = await server.query<{ name: string; value: string }>(
    `SELECT name, current_setting(name) AS value FROM pg_settings
      WHERE name = ANY($1::text[]) OR name IN ('data_checksums', 'wal_level', 'checkpoint_timeout', 'max_parallel_maintenance_workers', 'server_version')
      ORDER BY name`,
    [Object.keys(SETTINGS)],
  );
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
}

export async function createDatabase(url: string, name: string, template = 'template0'): Promise<void> {
  await using server = await connectDatabase(new Secret(url));
  await server.run(`CREATE DATABASE ${quoteName(name)} TEMPLATE ${quoteName(template)}`);
}

export async function dropDatabase(url: string, name: string): Promise<void> {
  await using server = await connectDatabase(new Secret(url));
  await server.run(`DROP DATABASE ${quoteName(name)} WITH (FORCE)`);
}

/** What was generated, counted by the server. */
export async function describeData(url: string) {
  await using database = await connectDatabase(new Secret(url));
  const [found] = await database.query<Record<string, string>>(
    `WITH own AS (SELECT oid, relname, relkind, reltuples FROM pg_class WHERE relnamespace = 'public'::regnamespace)
     SELECT count(*) FILTER (WHERE relkind = 'r') AS tables, count(*) FILTER (WHERE relkind = 'i') AS indexes,
            (SELECT count(*) FROM pg_constraint WHERE contype = 'f') AS "foreignKeys",
            sum(reltuples::bigint) FILTER (WHERE relkind = 'r') AS rows,
            round(sum(pg_table_size(oid)) FILTER (WHERE relkind = 'r') / 1048576.0) AS "heapMiB",
            round(sum(pg_table_size(oid)) FILTER (WHERE relkind = 'i') / 1048576.0) AS "indexMiB",
            round(100 * sum(pg_table_size(oid)) FILTER (WHERE relname = ANY($1::text[])) / sum(pg_table_size(oid)) FILTER (WHERE relkind = 'r')) AS "logsPercent",
            round(100 * max(pg_table_size(oid)) FILTER (WHERE relkind = 'r') / sum(pg_table_size(oid)) FILTER (WHERE relkind = 'r')) AS "largestTablePercent"
       FROM own`,
    [LOGS],
  );
  return Object.fromEntries(Object.entries(found!).map(([name, value]) => [name, Number(value)]));
}
