import type { ContentHash } from '#libs/contracts/database-snapshot.ts';
import type { Database } from './connect.ts';
import { qualified, quoteName, type ObjectName } from './quote.ts';

export interface Proof {
  readonly rows: number;
  readonly contentHash: ContentHash;
}

const HASHES: Readonly<Record<ContentHash['algorithm'], (row: string) => string>> = {
  record: (row) => `hash_record_extended(${row}, 0)`,
  text: (row) => `('x' || left(md5((${row})::text), 16))::bit(64)::bigint`,
};

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
  const row = `ROW(${table.columns.map((column) => `t.${quoteName(column)}`).join(', ')})`;
  const hash = HASHES[table.algorithm](row);
  const only = table.throughRoot ? '' : 'ONLY';
  const [found] = await database.query<{ rows: string; hash: string }>(
    `SELECT count(*)::text AS rows, coalesce(sum(${hash}), 0)::text AS hash FROM ${only} ${qualified(table)} t`,
  );
  return {
    rows: Number(found!.rows),
    contentHash: { algorithm: table.algorithm, value: found!.hash },
  };
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
