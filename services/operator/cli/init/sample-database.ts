import type { PathColumn, Column } from './path-columns.ts';
import type { SampledHead } from './path-rules.ts';

/** A read-only question to the database. */
export type Ask = <Row extends object>(
  sql: string,
  parameters?: readonly unknown[],
) => Promise<readonly Row[]>;

const HEADS_MAX = 20;
const SAMPLE_MAX = 50;

/** Columns of ordinary and partitioned tables. */
export async function readColumns(ask: Ask): Promise<readonly Column[]> {
  return await ask<{ schema: string; table: string; name: string; type: string }>(
    `SELECT c.table_schema AS schema, c.table_name AS table, c.column_name AS name, c.data_type AS type
       FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
      WHERE t.table_type = 'BASE TABLE' AND c.table_schema NOT IN ('pg_catalog', 'information_schema')
      ORDER BY c.table_schema, c.table_name, c.ordinal_position`,
  );
}

/** Whether the role could create the database that a restore is staged in. */
export async function mayCreateDatabases(ask: Ask): Promise<boolean> {
  const [row] = await ask<{ may: boolean }>(
    'SELECT rolcreatedb OR rolsuper AS may FROM pg_roles WHERE rolname = current_user',
  );
  return row?.may === true;
}

/** The most frequent first folders of a column's paths, each with some rows; empty when it has no values. */
export async function sampleColumn(ask: Ask, column: PathColumn): Promise<readonly SampledHead[]> {
  const [path, table] = [quoted(column.path), quoted(column.table)];
  const heads = await ask<{ head: string; rows: string }>(
    `SELECT left(${path}, strpos(${path}, '/')) AS head, count(*)::text AS rows FROM ${table}
      WHERE ${path} <> '' GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT ${HEADS_MAX}`,
  );
  const beside = [...column.digests, ...column.sizes].map((name) => `, ${quoted(name)}::text`).join('');
  return await Promise.all(
    heads.map(async ({ head, rows }) => {
      const values = await ask<{ values: readonly (string | null)[] }>(
        `SELECT ARRAY[${path}${beside}]::text[] AS values FROM ${table}
          WHERE ${path} <> '' AND left(${path}, strpos(${path}, '/')) = $1 LIMIT ${SAMPLE_MAX}`,
        [head],
      );
      const cut = 1 + column.digests.length;
      const sample = values.map((row) => ({
        path: row.values[0] ?? '',
        digests: row.values.slice(1, cut),
        sizes: row.values.slice(cut),
      }));
      return { head, rows: Number(rows), sample };
    }),
  );
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
