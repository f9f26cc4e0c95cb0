import type { ContentHash, SliceProof } from '#libs/contracts/database-snapshot.ts';
import type { Database } from './connect.ts';
import { qualified, quoteName, quoteText, type ObjectName } from './quote.ts';
import type { DataTable } from './tables.ts';

export interface Proof {
  readonly rows: number;
  readonly contentHash: ContentHash;
}

export interface SlicedProof extends Proof {
  readonly slices: readonly SliceProof[];
}

const HASHES: Readonly<Record<ContentHash['algorithm'], (row: string) => string>> = {
  'mixed-record': recordHash,
  record: recordHash,
  text: (row) => `('x' || left(md5((${row})::text), 16))::bit(64)::bigint`,
};

/** The hash of a record is linear in those of its values, and so is a sum of it: values that change places may leave it. */
function recordHash(row: string): string {
  return `hash_record_extended(${row}, 0)`;
}

/** A sum of these is not: all 64 bits are stirred, as key and as seed. */
function mixed(hash: string): string {
  return `hashint8extended(${hash}, ${hash})`;
}

/** `throughRoot`: with the rows of its partitions. */
export interface Provable extends ObjectName {
  readonly columns: readonly string[];
  readonly algorithm: ContentHash['algorithm'];
  readonly throughRoot: boolean;
}

/**
 * What a table holds, as the server itself sees it: an aggregate of its own, so that a fault in copying cannot agree
 * with itself. A sum does not depend on the order of rows, and two equal rows do not cancel each other out.
 */
export async function proveTable(database: Database, table: Provable): Promise<Proof> {
  const [found] = await database.query<{ rows: string; hash: string }>(
    `SELECT ${sumsOf(table)} FROM (SELECT ${hashOf(table)} AS hash FROM ${fromOf(table)} OFFSET 0) s`,
  );
  return {
    rows: Number(found!.rows),
    contentHash: { algorithm: table.algorithm, value: found!.hash },
  };
}

/**
 * The same for several tables at once, with sums by slice: a row that lies in none of them is counted all the same. Rows
 * that are equal to the server are no less two versions (1.0 and 1.00, say), which `versions` tells.
 */
export async function proveSlices(
  database: Database,
  tables: readonly Sliced[],
): Promise<readonly SlicedProof[]> {
  const found = await database.query<SliceSums>(tables.map(sumsBySlice).join(' UNION ALL '));
  const byTable = Map.groupBy(found, ({ table }) => table);
  return tables.map((table, at) => joinSlices(table, byTable.get(at) ?? []));
}

type Sliced = Provable & Pick<DataTable, 'bounds' | 'slices'>;

interface SliceSums {
  readonly table: number;
  readonly slice: number;
  readonly rows: string;
  readonly hash: string;
  readonly versions: string | null;
}

function sumsBySlice(table: Sliced, at: number): string {
  const { bounds } = table;
  const slice =
    bounds === undefined || bounds.length === 0
      ? '0'
      : `width_bucket(t.ctid, ${quoteText(`{${bounds.map((bound) => `"${bound}"`).join(',')}}`)}::tid[])`;
  const version = bounds === undefined ? 'NULL::bigint' : recordHash('ROW(t.ctid, t.xmin)');
  return `SELECT ${at} AS table, slice, ${sumsOf(table)}, sum(${mixed('version')})::text AS versions
    FROM (SELECT ${slice} AS slice, ${hashOf(table)} AS hash, ${version} AS version
            FROM ${fromOf(table)} OFFSET 0) s
   GROUP BY slice`;
}

function joinSlices({ algorithm, bounds, slices }: Sliced, found: readonly SliceSums[]): SlicedProof {
  const bySlice = new Map(
    found.map(({ slice, rows, hash, versions }) => [slice, { rows: Number(rows), hash, versions }]),
  );
  const none = { rows: 0, hash: '0', versions: bounds === undefined ? null : '0' };
  const total = found.reduce((sum, { hash }) => sum + BigInt(hash), 0n);
  return {
    rows: found.reduce((sum, { rows }) => sum + Number(rows), 0),
    contentHash: { algorithm, value: String(total) },
    slices: slices.map((_, n) => bySlice.get(n) ?? none),
  };
}

function hashOf({ columns, algorithm }: Provable): string {
  return HASHES[algorithm](`ROW(${columns.map((column) => `t.${quoteName(column)}`).join(', ')})`);
}

/** Of a subquery that gives `hash`; OFFSET 0 in it has a row hashed once, and before rows are grouped, which sorts them otherwise. */
function sumsOf({ algorithm }: Provable): string {
  const hash = algorithm === 'mixed-record' ? mixed('hash') : 'hash';
  return `count(*)::text AS rows, coalesce(sum(${hash}), 0)::text AS hash`;
}

function fromOf(table: Provable): string {
  return `${table.throughRoot ? '' : 'ONLY'} ${qualified(table)} t`;
}

/** Keys that were never validated promise nothing and are left out. */
export async function listForeignKeys(database: Database): Promise<readonly ForeignKey[]> {
  return await database.query<ForeignKey>(
    `SELECT k.conname AS name, c.relname AS child, cn.nspname AS "childSchema", c.relkind AS kind,
            p.relname AS parent, pn.nspname AS "parentSchema", p.relkind AS "parentKind", k.confmatchtype = 'f' AS full,
            ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY u(n, i)
                    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n ORDER BY u.i) AS columns,
            ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY u(n, i)
                    JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n ORDER BY u.i) AS references
       FROM pg_constraint k
       JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace cn ON cn.oid = c.relnamespace
       JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace
      WHERE k.contype = 'f' AND k.convalidated AND k.conparentid = 0
      ORDER BY cn.nspname, c.relname, k.conname`,
  );
}

/** Rows whose parent is missing. */
export async function countOrphans(
  database: Database,
  key: ForeignKey,
): Promise<{ readonly constraint: string; readonly rows: number }> {
  const [found] = await database.query<{ rows: string }>(orphanSql(key));
  return { constraint: `${key.childSchema}.${key.child}.${key.name}`, rows: Number(found!.rows) };
}

interface ForeignKey {
  readonly name: string;
  readonly childSchema: string;
  readonly child: string;
  readonly kind: string;
  readonly parentSchema: string;
  readonly parent: string;
  readonly parentKind: string;
  readonly full: boolean;
  readonly columns: readonly string[];
  readonly references: readonly string[];
}

function orphanSql(key: ForeignKey): string {
  // Inheritance children are not bound by their parent's keys; partitions are.
  const only = (kind: string) => (kind === 'p' ? '' : 'ONLY ');
  const child = qualified({ schema: key.childSchema, name: key.child });
  const parent = qualified({ schema: key.parentSchema, name: key.parent });
  const equal = key.columns.map((column, n) => `p.${quoteName(key.references[n]!)} = c.${quoteName(column)}`);
  // MATCH SIMPLE: one NULL frees the row; MATCH FULL: only when all are NULL.
  const bound = key.columns.map((column) => `c.${quoteName(column)} IS NOT NULL`);
  return `SELECT count(*)::text AS rows FROM ${only(key.kind)}${child} c
    WHERE (${bound.join(key.full ? ' OR ' : ' AND ')})
      AND NOT EXISTS (SELECT FROM ${only(key.parentKind)}${parent} p WHERE ${equal.join(' AND ')})`;
}
