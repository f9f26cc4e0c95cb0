import type { Database } from '#libs/postgres/connect.ts';
import { readSchemaDigests } from '#libs/postgres/schema-digests.ts';
import type { RelationFact } from '#libs/postgres/tables.ts';
import type { FrozenSource } from '../ports.ts';

/** What the manifest says of the server and the application's schema. */
export async function readSourceFacts(
  database: Database,
  relations: readonly RelationFact[],
): Promise<FrozenSource['facts']> {
  const extensions = await database.query<{ name: string }>(
    'SELECT extname AS name FROM pg_extension ORDER BY 1',
  );
  return {
    serverVersion: database.serverVersion,
    serverMajor: database.serverMajor,
    systemIdentifier: await readSystemIdentifier(database),
    // After a promotion a checkpoint tells of it late.
    timeline: await readControl(
      database,
      ['pg_control_checkpoint()', 'pg_control_recovery()'],
      'greatest(timeline_id, min_recovery_end_timeline)',
    ),
    database: database.address.database,
    databaseOid: await readDatabaseOid(database),
    extensions: extensions.map(({ name }) => name),
    schema: await readSchemaDigests(database),
    migrations: await readMigrations(database, relations),
  };
}

/** Empty where the role may not ask. */
export async function readSystemIdentifier(database: Database): Promise<string> {
  return await readControl(database, ['pg_control_system()'], 'system_identifier');
}

/** Asking in vain would end the transaction that holds the locks. */
async function readControl(database: Database, sources: readonly string[], value: string): Promise<string> {
  const [may] = await database.query<{ may: boolean }>(
    `SELECT ${sources.map((source) => `has_function_privilege('${source}', 'EXECUTE')`).join(' AND ')} AS may`,
  );
  if (may?.may !== true) return '';
  const [row] = await database.query<{ value: string }>(
    `SELECT (${value})::text AS value FROM ${sources.join(', ')}`,
  );
  return row!.value;
}

async function readDatabaseOid(database: Database): Promise<string> {
  const [row] = await database.query<{ oid: string }>(
    'SELECT oid::text AS oid FROM pg_database WHERE datname = current_database()',
  );
  return row!.oid;
}

async function readMigrations(
  database: Database,
  relations: readonly RelationFact[],
): Promise<Readonly<Record<string, string>>> {
  if (!relations.some(({ schema, name }) => schema === 'public' && name === 'django_migrations')) return {};
  const rows = await database.query<{ app: string; name: string }>(
    'SELECT DISTINCT ON (app) app, name FROM public.django_migrations ORDER BY app, id DESC',
  );
  return Object.fromEntries(rows.map(({ app, name }) => [app, name]));
}
