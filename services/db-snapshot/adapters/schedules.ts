import { SCHEDULE_TABLE, SESSION_TABLE } from '#libs/contracts/adaptation.ts';
import type { Database } from '#libs/postgres/connect.ts';
import { qualified } from '#libs/postgres/quote.ts';

/** Logins of the place where the backup came from. Returns how many. */
export async function dropSessions(database: Database): Promise<number> {
  let dropped = 0;
  for (const table of await tablesNamed(database, SESSION_TABLE))
    dropped += (await database.query(`DELETE FROM ${table} RETURNING 1 AS one`)).length;
  return dropped;
}

/** Due tasks would act on the world twice: once where they came from, once here. Returns the names of those that were on. */
export async function holdSchedules(database: Database): Promise<string[]> {
  const held: string[] = [];
  for (const table of await tablesNamed(database, SCHEDULE_TABLE)) {
    const rows = await database.query<{ name: string }>(
      `UPDATE ${table} SET enabled = false WHERE enabled RETURNING name`,
    );
    held.push(...rows.map(({ name }) => name));
  }
  return held.toSorted();
}

/** The scheduler rereads its tasks when the change table says so. */
export async function enableSchedules(database: Database, names: readonly string[]): Promise<string[]> {
  const enabled: string[] = [];
  for (const table of await tablesNamed(database, SCHEDULE_TABLE)) {
    const rows = await database.query<{ name: string }>(
      `UPDATE ${table} SET enabled = true WHERE NOT enabled AND name = ANY($1::text[]) RETURNING name`,
      [names],
    );
    enabled.push(...rows.map(({ name }) => name));
  }
  for (const table of await tablesNamed(database, `${SCHEDULE_TABLE}s`))
    await database.run(`UPDATE ${table} SET last_update = now()`);
  return enabled.toSorted();
}

async function tablesNamed(database: Database, name: string): Promise<readonly string[]> {
  const rows = await database.query<{ schema: string; name: string }>(
    `SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relname = $1 AND c.relkind IN ('r', 'p')`,
    [name],
  );
  return rows.map((row) => qualified(row));
}
