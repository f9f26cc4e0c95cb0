import { problem, type Problem } from '#libs/kernel/errors.ts';
import type { Database } from '#libs/postgres/connect.ts';
import { qualified, quoteName } from '#libs/postgres/quote.ts';
import { LARGE_OBJECTS, ownRelations, type RelationFact } from '#libs/postgres/tables.ts';
import { tableText } from '../domain/find-table.ts';
import { findUnreadable, UNREADABLE_LARGE_OBJECTS, type ReadBy } from './unreadable.ts';

export interface ReadingRights {
  /** Every privilege that is missing and every table with hidden rows, each with the statement that mends it. */
  readonly problems: readonly Problem[];
  /** Missing too, but the backup goes without it and says so. */
  readonly tolerated: readonly Problem[];
  /** Object ids of the tables that are left out then. */
  readonly unreadable: ReadonlySet<string>;
}

/** Asks the catalogue only: nothing is locked or read. */
export async function examineRights(
  database: Database,
  by: ReadBy,
  relations: readonly RelationFact[],
): Promise<ReadingRights> {
  const unreadable = await findUnreadable(database, by, relations);
  const objects = await lackingObjects(database);
  const told = (tolerated: boolean) =>
    objects.filter(({ oid }) => unreadable.has(oid) === tolerated).map((object) => object.told);
  return {
    problems: [...(await lackingSchemas(database)), ...told(false), ...(await hiddenRowProblems(database))],
    tolerated: told(true),
    unreadable,
  };
}

async function lackingSchemas(database: Database): Promise<readonly Problem[]> {
  const schemas = await database.query<{ name: string }>(
    `SELECT nspname AS name FROM pg_namespace
      WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND NOT has_schema_privilege(oid, 'USAGE') ORDER BY 1`,
  );
  return schemas.map(({ name }) =>
    problem(
      'DATABASE_PRIVILEGE_MISSING',
      `schema ${name}`,
      'the role may not use it',
      `GRANT USAGE ON SCHEMA ${quoteName(name)} TO ${quoteName(database.address.user)};`,
    ),
  );
}

/**
 * Large objects not by a grant on the catalogue's table: it would be part of the database, and only a superuser could
 * restore it.
 */
async function lackingObjects(
  database: Database,
): Promise<readonly { readonly oid: string; readonly told: Problem }[]> {
  const objects = await database.query<{ oid: string; schema: string; name: string; kind: string }>(
    `SELECT c.oid::text AS oid, n.nspname AS schema, c.relname AS name, CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind
       FROM ${ownRelations(['r', 'p', 'S'])}
        AND NOT CASE c.relkind WHEN 'S' THEN has_sequence_privilege(c.oid, 'SELECT')
                               ELSE has_table_privilege(c.oid, 'SELECT') END
      UNION ALL SELECT c.oid::text, $1, c.relname, '' FROM pg_class c WHERE ${UNREADABLE_LARGE_OBJECTS}
      ORDER BY 2, 3`,
    [LARGE_OBJECTS.schema],
  );
  const role = quoteName(database.address.user);
  return objects.map(({ kind, ...object }) => ({
    oid: object.oid,
    told: problem(
      'DATABASE_PRIVILEGE_MISSING',
      tableText(object),
      'the role may not read it',
      kind === ''
        ? `GRANT pg_read_all_data TO ${role};`
        : `GRANT SELECT ON ${kind} ${qualified(object)} TO ${role};`,
    ),
  }));
}

/** With row security the same query gives fewer rows and no error: 1 of 3 was seen. */
async function hiddenRowProblems(database: Database): Promise<readonly Problem[]> {
  const tables = await database.query<{ schema: string; name: string }>(
    `SELECT n.nspname AS schema, c.relname AS name FROM ${ownRelations(['r', 'p'])}
        AND row_security_active(c.oid) ORDER BY 1, 2`,
  );
  return tables.map((table) =>
    problem(
      'DATABASE_ROW_SECURITY',
      tableText(table),
      'policies would hide rows from the role',
      `ALTER ROLE ${quoteName(database.address.user)} BYPASSRLS;`,
    ),
  );
}
