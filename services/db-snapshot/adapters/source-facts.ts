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
    database: database.address.database,
    extensions: extensions.map(({ name }) => name),
    schema: await readSchemaDigests(database),
    migrations: await readMigrations(database, relations),
  };
}

/** Empty where the role may not ask; asking in vain would end the transaction that holds the locks. */
export async function readSystemIdentifier(database: Database): Promise<string> {
  const [may] = await database.query<{ may: boolean }>(
    `SELECT has_function_privilege('pg_control_system()', 'EXECUTE') AS may`,
  );
  if (may?.may !== true) return '';
  const [row] = await database.query<{ id: string }>(
    'SELECT system_identifier::text AS id FROM pg_control_system()',
  );
  return row!.id;
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
