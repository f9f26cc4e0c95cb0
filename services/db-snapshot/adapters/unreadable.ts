import type { Spec } from '#libs/contracts/spec.ts';
import { parseAddress } from '#libs/postgres/address.ts';
import type { Database } from '#libs/postgres/connect.ts';
import { ownRelations, type RelationFact } from '#libs/postgres/tables.ts';
import { findTable } from '../domain/find-table.ts';
import type { SourceHost } from './source.ts';

export interface ReadBy {
  readonly spec: Spec;
  readonly host: SourceHost;
}

/**
 * Tables whose rows may be missing from a backup that says so: the role may not read them, the administrator's address
 * gives their structure, and nothing that is copied leans on their rows. Object ids. Any other missing privilege stops
 * the backup.
 */
export async function findUnreadable(
  database: Database,
  { spec, host }: ReadBy,
  relations: readonly RelationFact[],
): Promise<ReadonlySet<string>> {
  if (spec.policy.partial === 'refuse' || !hasAdministrator(database, spec, host)) return new Set();
  const tables = await database.query<{ oid: string }>(
    `SELECT c.oid::text AS oid FROM ${ownRelations(['r'])} AND ${MAY_USE_SCHEMA} AND NOT ${MAY_READ}
        AND NOT EXISTS (SELECT FROM pg_inherits i WHERE c.oid IN (i.inhrelid, i.inhparent))
        AND NOT EXISTS (SELECT FROM pg_constraint k
          WHERE k.contype = 'f' AND k.confrelid = c.oid AND k.conrelid <> c.oid AND has_table_privilege(k.conrelid, 'SELECT'))
      UNION ALL SELECT c.oid::text FROM pg_class c WHERE ${UNREADABLE_LARGE_OBJECTS}`,
  );
  const asked = new Set(spec.files.documents.map((rule) => findTable(relations, rule.table)?.oid));
  return new Set(tables.map(({ oid }) => oid).filter((oid) => !asked.has(oid)));
}

function hasAdministrator(database: Database, spec: Spec, host: SourceHost): boolean {
  const { restoreUrl } = spec.database;
  return (
    restoreUrl !== undefined && parseAddress(host.requireSecret(restoreUrl)).user !== database.address.user
  );
}

const MAY_USE_SCHEMA = `has_schema_privilege(n.oid, 'USAGE')`;
/** Of the table that holds what is in them. */
export const UNREADABLE_LARGE_OBJECTS = `c.oid = 'pg_largeobject'::regclass AND NOT has_table_privilege(c.oid, 'SELECT')
  AND EXISTS (SELECT FROM pg_largeobject_metadata)`;
export const MAY_READ = `has_table_privilege(c.oid, 'SELECT')`;
