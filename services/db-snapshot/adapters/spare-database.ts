import type { DatabaseGlobals } from '#libs/contracts/database-snapshot.ts';
import { HoldfastError, problem, type Problem } from '#libs/kernel/errors.ts';
import type { Database } from '#libs/postgres/connect.ts';
import { qualified, quoteName, type ObjectName } from '#libs/postgres/quote.ts';
import { ownRelations } from '#libs/postgres/tables.ts';
import { endSessions } from './maintenance.ts';
import { isBegun, isClaimed, stageComment, type StagePlace } from './stage-comment.ts';

const OWN_SCHEMAS = `SELECT nspname AS name FROM pg_namespace
  WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'`;

/** A table may have an index for each column, and the smallest server has locks for a few hundred. */
const DROPPED_AT_ONCE = 20;

/** Refused with DATABASE_SAME_TARGET where it holds what the run did not write. */
export async function claimSpare(place: StagePlace, prefix: string, signal: AbortSignal): Promise<void> {
  const { server, name } = place;
  await server.run(allow(name, true));
  if (await isClaimed(place, prefix)) {
    if (await isBegun(place, prefix)) return;
    await emptySpare(place, signal);
  } else if ((await countObjects(place)) > 0) throw occupied(name);
  await server.run(stageComment(name, prefix));
}

/** True when it held what the run wrote. */
export async function discardSpare(place: StagePlace, prefix: string, signal: AbortSignal): Promise<boolean> {
  if (!(await isClaimed(place, prefix))) return false;
  await emptySpare(place, signal);
  return true;
}

/** As an administrator made it: open, without objects, settings and comment. */
export async function emptySpare(place: StagePlace, signal: AbortSignal): Promise<void> {
  const { server, name, enter } = place;
  const quoted = quoteName(name);
  await server.run(allow(name, false));
  await endSessions(server, name, signal);
  await server.run(allow(name, true));
  {
    await using database = await enter();
    await dropPiecemeal(database);
    const schemas = await database.query<{ name: string }>(OWN_SCHEMAS);
    for (const schema of schemas) await database.run(`DROP SCHEMA ${quoteName(schema.name)} CASCADE`);
    await database.run('CREATE SCHEMA public');
    await database.run('GRANT USAGE ON SCHEMA public TO PUBLIC');
  }
  await server.run(`ALTER DATABASE ${quoted} RESET ALL`);
  await server.run(`COMMENT ON DATABASE ${quoted} IS NULL`);
}

/** One statement holds the locks of all that it drops, and the server has only so many. What others are parts of comes last. */
async function dropPiecemeal(database: Database): Promise<void> {
  for (;;) {
    const tables = await database.query<ObjectName>(
      `SELECT n.nspname AS schema, c.relname AS name FROM ${ownRelations(['r', 'p'])}
        ORDER BY c.relkind = 'p', c.oid DESC LIMIT ${DROPPED_AT_ONCE}`,
    );
    if (tables.length === 0) break;
    await database.run(`DROP TABLE ${tables.map(qualified).join(', ')} CASCADE`);
  }
  for (;;) {
    const objects = await database.query(
      `SELECT lo_unlink(oid) FROM (SELECT oid FROM pg_largeobject_metadata LIMIT ${DROPPED_AT_ONCE}) o`,
    );
    if (objects.length === 0) break;
  }
}

/** What keeps it from taking the restore; touches nothing. */
export async function spareProblems(
  place: StagePlace,
  globals: DatabaseGlobals | undefined,
): Promise<readonly Problem[]> {
  const { server, name } = place;
  const [row] = await server.query<{ encoding: string; takes: boolean }>(
    'SELECT pg_encoding_to_char(encoding) AS encoding, datallowconn AS takes FROM pg_database WHERE datname = $1',
    [name],
  );
  if (row === undefined)
    return [
      problem(
        'DATABASE_MISSING',
        name,
        'the spare database that the spec declares is not there',
        `CREATE DATABASE ${quoteName(name)} TEMPLATE template0 OWNER ${quoteName(server.address.user)};`,
      ),
    ];
  const problems: Problem[] = [];
  if (globals !== undefined && globals.encoding !== row.encoding)
    problems.push(
      problem(
        'DATABASE_UNSUPPORTED',
        name,
        `its encoding is ${row.encoding}, the backup’s ${globals.encoding}`,
      ),
    );
  if (!row.takes || (await countObjects(place)) > 0) {
    const { message, remedy } = occupied(name);
    problems.push(problem('DATABASE_SAME_TARGET', name, message, remedy));
  }
  return problems;
}

function occupied(name: string): HoldfastError {
  return new HoldfastError(
    'DATABASE_SAME_TARGET',
    { database: name, remedy: 'release what an earlier restore kept there, holdfast release, or empty it' },
    { message: `spare database ${name} is not empty` },
  );
}

async function countObjects({ enter }: StagePlace): Promise<number> {
  await using database = await enter();
  const [row] = await database.query<{ count: number }>(
    `SELECT count(*)::int + (SELECT count(*)::int FROM pg_largeobject_metadata) AS count
       FROM pg_class c JOIN (${OWN_SCHEMAS.replace('AS name', ', oid')}) n ON n.oid = c.relnamespace`,
  );
  return row!.count;
}

function allow(name: string, connections: boolean): string {
  return `ALTER DATABASE ${quoteName(name)} ALLOW_CONNECTIONS ${connections}`;
}
