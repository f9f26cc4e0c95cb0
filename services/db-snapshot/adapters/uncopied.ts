import type { Database } from '#libs/postgres/connect.ts';
import { qualified, type ObjectName } from '#libs/postgres/quote.ts';
import { ownRelations } from '#libs/postgres/tables.ts';
import type { LeftOut } from '../ports.ts';

/** Objects whose content neither pg_dump's structure sections nor our copy holds. */
export async function findUncopied(database: Database): Promise<readonly LeftOut[]> {
  const foreign = await database.query<{ schema: string; name: string }>(
    `SELECT n.nspname AS schema, c.relname AS name FROM ${ownRelations(['f'])} ORDER BY 1, 2`,
  );
  const [counts] = await database.query<{ subscriptions: string }>(
    `SELECT count(oid)::text AS subscriptions FROM pg_subscription
      WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
  return [
    ...foreign.map(({ schema, name }) => ({
      what: `${schema}.${name}`,
      reason: 'rows of a foreign table live in another system; its definition is kept',
      partial: false,
    })),
    ...(counts!.subscriptions === '0'
      ? []
      : [{ what: `${counts!.subscriptions} subscriptions`, reason: 'not supported yet', partial: false }]),
    ...(await hiddenMappings(database)),
    ...(await tablespaces(database)),
    ...(await invalidIndexes(database)),
  ];
}

/** pg_dump passes over what CREATE INDEX CONCURRENTLY left unfinished; one of a partitioned table waits for its parts. */
async function invalidIndexes(database: Database): Promise<readonly LeftOut[]> {
  const rows = await database.query<{ schema: string; name: string }>(
    `SELECT n.nspname AS schema, c.relname AS name FROM ${ownRelations(['i'])}
        AND EXISTS (SELECT FROM pg_index x WHERE x.indexrelid = c.oid AND NOT x.indisvalid) ORDER BY 1, 2`,
  );
  return rows.map(({ schema, name }) => ({
    what: `index ${schema}.${name}`,
    reason: 'it was never finished and answers no query; REINDEX INDEX, or DROP INDEX, ends that',
    partial: false,
  }));
}

/** As the view pg_user_mappings decides whom it shows options, which may be passwords. */
async function hiddenMappings(database: Database): Promise<readonly LeftOut[]> {
  const mappings = await database.query<{ user: string; server: string }>(
    `SELECT m.usename AS user, m.srvname AS server FROM pg_user_mappings m JOIN pg_foreign_server s ON s.oid = m.srvid
      WHERE NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
        AND NOT CASE WHEN m.umuser = 0 THEN pg_has_role(s.srvowner, 'USAGE')
                     ELSE m.usename = current_user AND (pg_has_role(s.srvowner, 'USAGE') OR has_server_privilege(s.oid, 'USAGE')) END
      ORDER BY 1, 2`,
  );
  return mappings.map(({ user, server }) => ({
    what: `options of the user mapping of ${user} on ${server}`,
    reason: 'the server does not show them to this role; it comes back without any',
    partial: false,
  }));
}

/** Where files lie is the machine's own: another server has no such place, and a restore must not end on that. */
async function tablespaces(database: Database): Promise<readonly LeftOut[]> {
  const rows = await database.query<{ name: string }>(
    `SELECT spcname AS name FROM pg_tablespace s
      WHERE EXISTS (SELECT FROM ${ownRelations(['r', 'p', 'i', 'I', 'm'])} AND c.reltablespace = s.oid)
         OR spcname <> 'pg_default'
            AND s.oid = (SELECT dattablespace FROM pg_database WHERE datname = current_database())
      ORDER BY 1`,
  );
  if (rows.length === 0) return [];
  return [
    {
      what: `tablespaces ${rows.map(({ name }) => name).join(', ')}`,
      reason: 'a restore puts everything into the default tablespace of its server',
      partial: false,
    },
  ];
}

/** An extension marks tables that hold a user's own rows beside its own; CREATE EXTENSION makes only the latter again. */
export async function findExtensionRows(database: Database): Promise<readonly LeftOut[]> {
  const tables = await database.query<ObjectName & { extension: string; condition: string; may: boolean }>(
    `SELECT extname AS extension, nspname AS schema, relname AS name, coalesce(condition, '') AS condition,
            has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
              AND NOT row_security_active(c.oid) AS may
       FROM pg_extension, unnest(extconfig, extcondition) AS own(oid, condition)
       JOIN pg_class c ON c.oid = own.oid JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p') ORDER BY 1, 2, 3`,
  );
  const found: LeftOut[] = [];
  for (const { extension, condition, may, ...table } of tables) {
    const rows = may ? await countRows(database, table, condition) : '?';
    const reason = `rows added to a table of extension ${extension} are not copied`;
    if (rows !== '0')
      found.push({ what: `${table.schema}.${table.name}: ${rows} rows`, reason, partial: true });
  }
  return found;
}

async function countRows(database: Database, table: ObjectName, condition: string): Promise<string> {
  const [row] = await database.query<{ rows: string }>(
    `SELECT count(*)::text AS rows FROM ${qualified(table)} ${condition}`,
  );
  return row!.rows;
}
