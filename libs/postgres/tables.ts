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

/** Rows of some of a table's blocks. */
export interface Slice {
  /** Of the heap and what is stored beside it, by share of the blocks. */
  readonly bytes: number;
  /** Condition of a query; empty for all rows. */
  readonly where: string;
}

/** A table that holds rows, and how they are copied and proved. */
export interface DataTable extends ObjectName {
  readonly oid: string;
  readonly bytes: number;
  /** Generated columns are left out: the server computes them again. */
  readonly columns: readonly string[];
  /** Of the columns, as `format_type` names them. */
  readonly types: readonly string[];
  /** Number of its file and of its columns: what another one says of blocks and rows means nothing here. */
  readonly layout: string;
  readonly format: 'binary' | 'text';
  readonly algorithm: ContentHash['algorithm'];
  /** A partitioned table whose rows are copied from it and loaded into it. */
  readonly throughRoot: boolean;
  /** None where it has no block. Cut at the same blocks each time, so that blocks nobody wrote to give the same bytes. */
  readonly slices: readonly Slice[];
  /** Where its slices begin, but the first; undefined where blocks do not tell where a row lies. */
  readonly bounds: readonly string[] | undefined;
}

/** 32 MiB: three that are under way weigh little, and the last one ends soon. */
const SLICE_PAGES = 4096;
/** A range of ctid is read without reading the rest since PostgreSQL 14. */
const RANGES_SINCE = 14;

/** Large objects are rows of this table; what they are called, and whose they are, pg_dump's structure tells. */
export const LARGE_OBJECTS = { schema: 'pg_catalog', name: 'pg_largeobject' } as const;

/**
 * Those whose rows are copied: tables, large objects where there are any, and in place of its partitions a table
 * whose partition for a row is another one elsewhere (hash of an enum, say, which is that of its object id).
 */
export async function tablesWithRows(
  database: Database,
  relations: readonly RelationFact[],
): Promise<readonly RelationFact[]> {
  const members = await database.query<{ root: string; oid: string }>(
    `SELECT DISTINCT r.root::oid::text AS root, m.relid::oid::text AS oid
       FROM (SELECT pg_partition_root(p.partrelid) AS root FROM pg_partitioned_table p
              WHERE p.partstrat = 'h' AND (
                EXISTS (SELECT FROM pg_opclass o JOIN pg_type y ON y.oid = o.opcintype
                         WHERE o.oid = ANY(p.partclass::oid[])
                           AND (y.typtype = 'p' OR y.typnamespace <> 'pg_catalog'::regnamespace))
                OR EXISTS (SELECT FROM pg_collation k
                            WHERE k.oid = ANY(p.partcollation::oid[]) AND NOT k.collisdeterministic))) r,
            pg_partition_tree(r.root) m`,
  );
  const roots = new Set(members.map(({ root }) => root));
  const within = new Set(members.map(({ oid }) => oid));
  const [large] = await database.query<RelationFact>(
    `SELECT c.oid::text AS oid, $1 AS schema, relname AS name, false AS partitioned, '' AS "fileNode" FROM pg_class c
      WHERE c.oid = 'pg_largeobject'::regclass AND EXISTS (SELECT FROM pg_largeobject_metadata)`,
    [LARGE_OBJECTS.schema],
  );
  return [
    ...relations.filter(({ oid, partitioned }) => roots.has(oid) || !(partitioned || within.has(oid))),
    ...(large === undefined ? [] : [large]),
  ];
}

export async function describeTables(
  database: Database,
  relations: readonly RelationFact[],
): Promise<readonly DataTable[]> {
  const tables = await tablesWithRows(database, relations);
  const types = await readTypes(database);
  const columns = await database.query<{
    oid: string;
    number: number;
    name: string;
    type: string;
    typeName: string;
  }>(
    `SELECT attrelid::text AS oid, attnum AS number, attname AS name, atttypid::text AS type,
            format_type(atttypid, atttypmod) AS "typeName" FROM pg_attribute
      WHERE attrelid = ANY($1::oid[]) AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
      ORDER BY attrelid, attnum`,
    [tables.map(({ oid }) => oid)],
  );
  const byTable = Map.groupBy(columns, ({ oid }) => oid);
  const sizes = await readSizes(database, tables);
  return tables.map(({ oid, schema, name, partitioned }) => {
    const own = byTable.get(oid) ?? [];
    const columnTypes = own.map(({ type }) => type);
    const size = sizes.get(oid)!;
    const bounds = partitioned ? undefined : boundsOf(size, database.serverMajor);
    return {
      oid,
      schema,
      name,
      bytes: size.bytes,
      columns: own.map((column) => column.name),
      types: own.map(({ typeName }) => typeName),
      layout: [size.fileNode, ...own.map(({ number }) => number)].join(' '),
      format: copyFormat(types, columnTypes),
      algorithm: hashAlgorithm(types, columnTypes, database.serverMajor),
      throughRoot: partitioned,
      slices: slicesOf(size, bounds),
      bounds,
    };
  });
}

interface Size {
  readonly bytes: number;
  readonly pages: number;
  readonly fileNode: string;
  /** Blocks tell where its rows lie. */
  readonly heap: boolean;
}

function boundsOf({ pages, heap }: Size, serverMajor: number): readonly string[] | undefined {
  if (!heap || serverMajor < RANGES_SINCE) return undefined;
  const count = Math.ceil(pages / SLICE_PAGES);
  return Array.from({ length: Math.max(0, count - 1) }, (_, n) => `(${(n + 1) * SLICE_PAGES},0)`);
}

/** The last one has no end: its rows may lie in blocks that came after the question. */
function slicesOf({ bytes, pages, heap }: Size, bounds: readonly string[] | undefined): readonly Slice[] {
  if (heap && pages === 0) return [];
  if (bounds === undefined || bounds.length === 0) return [{ bytes, where: '' }];
  return Array.from({ length: bounds.length + 1 }, (_, n) => ({
    bytes: Math.round((bytes * Math.min(SLICE_PAGES, pages - n * SLICE_PAGES)) / pages),
    where: [
      ...(n > 0 ? [`ctid >= '${bounds[n - 1]}'`] : []),
      ...(n < bounds.length ? [`ctid < '${bounds[n]}'`] : []),
    ].join(' AND '),
  }));
}

/** Takes each table's lock, which the caller holds already. */
async function readSizes(
  database: Database,
  tables: readonly RelationFact[],
): Promise<ReadonlyMap<string, Size>> {
  const rows = await database.query<{
    oid: string;
    bytes: string;
    pages: string;
    fileNode: string;
    heap: boolean;
  }>(
    `SELECT o.oid::text AS oid, s.bytes::text AS bytes, coalesce(a.amname = 'heap' AND c.relkind <> 'p', false) AS heap,
            c.relfilenode::text AS "fileNode",
            (pg_relation_size(o.oid) / current_setting('block_size')::int)::text AS pages
       FROM unnest($1::oid[]) o(oid) JOIN pg_class c ON c.oid = o.oid LEFT JOIN pg_am a ON a.oid = c.relam,
            LATERAL (SELECT CASE WHEN c.relkind = 'p'
              THEN (SELECT sum(pg_table_size(relid)) FROM pg_partition_tree(o.oid))
              ELSE pg_table_size(o.oid) END AS bytes) s`,
    [tables.map(({ oid }) => oid)],
  );
  return new Map(
    rows.map(({ oid, bytes, pages, ...rest }) => [
      oid,
      { bytes: Number(bytes), pages: Number(pages), ...rest },
    ]),
  );
}

async function readTypes(database: Database): Promise<ReadonlyMap<string, TypeFact>> {
  const types = await database.query<TypeFact>(
    `SELECT t.oid::text AS oid, t.typname AS name, n.nspname = 'pg_catalog' AS "builtIn", t.typtype AS kind,
            CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE 0 END::text AS element, t.typbasetype::text AS base
       FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace`,
  );
  return new Map(types.map((type) => [type.oid, type]));
}
