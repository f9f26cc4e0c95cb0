import { setTimeout as pause } from 'node:timers/promises';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Secret } from '#libs/kernel/secret.ts';
import { connectDatabase, type Database } from '#libs/postgres/connect.ts';

/** With one poll and the ending of our sessions this stays below the two seconds that are promised. */
const PATIENCE_MS = 1_000;
const POLL_MS = 250;

interface Waiter {
  readonly pid: number;
  readonly statement: string;
  /** Sessions of ours that it waits for. */
  readonly holders: readonly number[];
}

/**
 * Our locks stop no reader or writer, but an ALTER waits for them, and everything else then waits for the ALTER. When
 * a session has waited for a second we let go: `yielding` is aborted with DATABASE_CONTENDED, which ends our sessions.
 */
export async function watchWaiters(
  url: Secret,
  yielding: AbortController,
  signal: AbortSignal,
): Promise<AsyncDisposable> {
  const stop = new AbortController();
  const database = await connectDatabase(url, { signal });
  const watching = watch(database, { url, yielding, signal: AbortSignal.any([signal, stop.signal]) });
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await watching;
      await database[Symbol.asyncDispose]();
    },
  };
}

/** A watcher that cannot look any more must not leave locks behind unwatched. */
async function watch(
  database: Database,
  {
    url,
    yielding,
    signal,
  }: { readonly url: Secret; readonly yielding: AbortController; readonly signal: AbortSignal },
): Promise<void> {
  try {
    const waiter = await findPatient(database, signal);
    yielding.abort(
      new HoldfastError('DATABASE_CONTENDED', {
        database: database.address.database,
        waited: `session ${waiter.pid}: ${waiter.statement}`,
      }),
    );
    await endSessions(url, waiter.holders);
  } catch (thrown) {
    if (!signal.aborted) yielding.abort(HoldfastError.from(thrown));
  }
}

/**
 * A server that computes looks every two seconds whether its client is still there, an old one never: until then the
 * locks would be held. By a new session, for ours have ended; and after the abort, so that they end as who yields.
 */
async function endSessions(url: Secret, pids: readonly number[]): Promise<void> {
  await using database = await connectDatabase(url);
  await database.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE pid = ANY($1::int[]) AND application_name = 'holdfast' AND usename = current_user`,
    [pids],
  );
}

/** The first session that is seen waiting for us in every poll of a second. */
async function findPatient(database: Database, signal: AbortSignal): Promise<Waiter> {
  let since = new Map<number, number>();
  for (;;) {
    const now = performance.now();
    const waiters = await listWaiters(database);
    since = new Map(waiters.map(({ pid }) => [pid, since.get(pid) ?? now]));
    const patient = waiters.find(({ pid }) => now - since.get(pid)! >= PATIENCE_MS);
    if (patient !== undefined) return patient;
    await pause(POLL_MS, undefined, { signal });
  }
}

/**
 * From pg_locks, which shows every session to every role; pg_stat_activity does not. pg_dump's session counts as
 * ours: same role, same application name.
 */
async function listWaiters(database: Database): Promise<readonly Waiter[]> {
  return await database.query<Waiter>(
    `WITH ours AS MATERIALIZED (
       SELECT pid FROM pg_stat_activity WHERE application_name = 'holdfast' AND datname = current_database())
     SELECT w.pid, coalesce(left(a.query, 120), '') AS statement, holders
       FROM (SELECT DISTINCT pid FROM pg_locks
              WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) w
       LEFT JOIN pg_stat_activity a USING (pid),
            LATERAL (SELECT ARRAY(SELECT pid FROM ours WHERE pid = ANY(blocking)) AS holders
                       FROM pg_blocking_pids(w.pid) blocking) h
      WHERE w.pid NOT IN (SELECT pid FROM ours) AND holders <> '{}'`,
  );
}
