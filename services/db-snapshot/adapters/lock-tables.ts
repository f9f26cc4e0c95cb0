import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Secret } from '#libs/kernel/secret.ts';
import { connectDatabase, type Database } from '#libs/postgres/connect.ts';
import { qualified } from '#libs/postgres/quote.ts';
import { listRelations, type RelationFact } from '#libs/postgres/tables.ts';

export interface Locked {
  /** In its transaction, at its moment. */
  readonly database: Database;
  readonly relations: readonly RelationFact[];
  /** Object ids of tables that are left out, and not locked. */
  readonly unreadable: ReadonlySet<string>;
  /** Others may join it while the session lasts. */
  readonly snapshot: string;
  readonly mark: string;
}

/** Object ids of relations that are not to be locked. */
type LeaveOut = (database: Database, relations: readonly RelationFact[]) => Promise<ReadonlySet<string>>;
const leaveNothing: LeaveOut = () => Promise.resolve(new Set());

const UNDEFINED_TABLE = '42P01';
/**
 * Below the server's deadlock_timeout of a second: of two that wait for each other we are the one that gives up, and no
 * statement of an application is ended for it.
 */
const LOCK_WAIT_MS = 700;

/**
 * A snapshot does not protect a table from TRUNCATE or from an ALTER that rewrites it; a lock taken after the snapshot
 * comes too late, and the table reads as empty. So: list, lock (LOCK takes no snapshot), and only then the first query,
 * which fixes the moment. Throws DATABASE_CHANGED_MEANWHILE when the list is not the one that was locked,
 * DATABASE_CONTENDED when a lock was not to be had.
 */
export async function lockTables(
  url: Secret,
  signal: AbortSignal,
  leaveOut: LeaveOut = leaveNothing,
): Promise<Locked> {
  await using stack = new AsyncDisposableStack();
  const { expected, unreadable } = await listBefore(url, signal, leaveOut);
  const wanted = expected.filter(({ oid }) => !unreadable.has(oid));
  const database = stack.use(await connectDatabase(url, { signal }));
  await database.run('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  if (wanted.length > 0) await lock(database, wanted);
  const [moment] = await database.query<{ snapshot: string; mark: string }>(
    `SELECT pg_export_snapshot() AS snapshot,
            to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '/' ||
            CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END AS mark`,
  );
  const relations = await listRelations(database);
  requireSame(expected, relations);
  stack.move();
  return { database, relations, unreadable, ...moment! };
}

async function listBefore(url: Secret, signal: AbortSignal, leaveOut: LeaveOut) {
  await using database = await connectDatabase(url, { signal });
  const expected = await listRelations(database);
  return { expected, unreadable: await leaveOut(database, expected) };
}

async function lock(database: Database, relations: readonly RelationFact[]): Promise<void> {
  try {
    await database.run(`SET LOCAL lock_timeout = ${LOCK_WAIT_MS}`);
    await database.run(`LOCK TABLE ONLY ${relations.map(qualified).join(', ONLY ')} IN ACCESS SHARE MODE`);
  } catch (thrown) {
    const error = HoldfastError.from(thrown);
    if (error.details['sqlState'] !== UNDEFINED_TABLE) throw error;
    throw new HoldfastError(
      'DATABASE_CHANGED_MEANWHILE',
      { database: database.address.database },
      { cause: error },
    );
  }
}

function requireSame(before: readonly RelationFact[], now: readonly RelationFact[]): void {
  const text = (relations: readonly RelationFact[]) =>
    relations.map(({ oid, schema, name, fileNode }) => JSON.stringify([oid, schema, name, fileNode]));
  const known = new Set(text(before));
  const current = text(now);
  if (before.length === now.length && current.every((each) => known.has(each))) return;
  throw new HoldfastError('DATABASE_CHANGED_MEANWHILE', {
    relations: now.filter((_, at) => !known.has(current[at]!)).map(({ schema, name }) => `${schema}.${name}`),
  });
}
