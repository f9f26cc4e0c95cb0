import type { ContentHash } from '#libs/contracts/database-snapshot.ts';
import type { Database } from './connect.ts';
import { copyFormat, hashAlgorithm, type TypeFact } from './portability.ts';
import type { ObjectName } from './quote.ts';

/** Relations of the user's own: no system schemas, nothing temporary, nothing that an extension brings. */
export function ownRelations(kinds: readonly string[]): string {
  return `pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN (${kinds.map((kind) => `'${kind}'`).join(', ')})
      AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relpersistence <> 't'
      AND NOT EXISTS (SELECT FROM pg_depend e
        WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')`;
}

/** A table or partitioned parent, and what changes when it is rewritten or truncated. */
export interface RelationFact extends ObjectName {
  readonly oid: string;
  readonly partitioned: boolean;
  readonly fileNode: string;
}

/** Ordered by name bytes, partitioned parents included. Waits for no lock, so it can be asked before any is held. */
export async function listRelations(database: Database): Promise<readonly RelationFact[]> {
  return await database.query<RelationFact>(
    `SELECT c.oid::text AS oid, n.nspname AS schema, c.relname AS name, c.relkind = 'p' AS partitioned,
            c.relfilenode::text AS "fileNode"
       FROM ${ownRelations(['r', 'p'])} ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`,
  );
}

/** A table that holds rows itself, and how they are copied and proved. */
export interface DataTable extends ObjectName {
  readonly oid: string;
  readonly bytes: number;
  /** Generated columns are left out: the server computes them again. */
  readonly columns: readonly string[];
  readonly format: 'binary' | 'text';
  readonly algorithm: ContentHash['algorithm'];
}

export async function describeTables(
  database: Database,
  relations: readonly RelationFact[],
): Promise<readonly DataTable[]> {
  const tables = relations.filter(({ partitioned }) => !partitioned);
  const types = await readTypes(database);
  const columns = await database.query<{ oid: string; name: string; type: string }>(
    `SELECT attrelid::text AS oid, attname AS name, atttypid::text AS type FROM pg_attribute
      WHERE attrelid = ANY($1::oid[]) AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
      ORDER BY attrelid, attnum`,
    [tables.map(({ oid }) => oid)],
  );
  const byTable = Map.groupBy(columns, ({ oid }) => oid);
  const sizes = await readSizes(database, tables);
  return tables.map(({ oid, schema, name }) => {
    const own = byTable.get(oid) ?? [];
    const columnTypes = own.map(({ type }) => type);
    return {
      oid,
      schema,
      name,
      bytes: sizes.get(oid) ?? 0,
      columns: own.map((column) => column.name),
      format: copyFormat(types, columnTypes),
      algorithm: hashAlgorithm(types, columnTypes, database.serverMajor),
    };
  });
}

/** Takes each table's lock, which the caller holds already. */
async function readSizes(
  database: Database,
  tables: readonly RelationFact[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await database.query<{ oid: string; bytes: string }>(
    'SELECT oid::text AS oid, pg_table_size(oid)::text AS bytes FROM unnest($1::oid[]) oid',
    [tables.map(({ oid }) => oid)],
  );
  return new Map(rows.map(({ oid, bytes }) => [oid, Number(bytes)]));
}

async function readTypes(database: Database): Promise<ReadonlyMap<string, TypeFact>> {
  const types = await database.query<TypeFact>(
    `SELECT t.oid::text AS oid, t.typname AS name, n.nspname = 'pg_catalog' AS "builtIn", t.typtype AS kind,
            CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE 0 END::text AS element, t.typbasetype::text AS base
       FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace`,
  );
  return new Map(types.map((type) => [type.oid, type]));
}
