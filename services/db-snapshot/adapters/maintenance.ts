import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { pairOf } from '#libs/contracts/spare.ts';
import type { Spec } from '#libs/contracts/spec.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Secret } from '#libs/kernel/secret.ts';
import { withDatabase } from '#libs/postgres/address.ts';
import { connectDatabase, type Database } from '#libs/postgres/connect.ts';
import type { Host } from '#libs/runtime/host.ts';

/** Address of the live database. */
export function liveAddress(spec: Spec, host: Pick<Host, 'requireSecret'>): Secret {
  const { url, name = pairNow(spec)?.live } = spec.database;
  const address = host.requireSecret(url);
  return name === undefined ? address : withDatabase(address, name);
}

/** Which of the two is live by now, where the spec declares a spare one. */
export function pairNow({ database }: Spec): ReturnType<typeof pairOf> | undefined {
  if (database.spare === undefined) return undefined;
  const { envFile } = database.spare;
  return pairOf(database.spare, existsSync(envFile) ? readFileSync(envFile) : undefined);
}

export type TargetHost = Pick<Host, 'requireSecret' | 'pgBin'>;

/** A database is neither made, dropped nor renamed from inside itself. */
const MAINTENANCE = ['postgres', 'template1'];
/** A backend that is told to end does so when it next looks; a busy one may need seconds. */
const SESSIONS_MS = 30_000;
/** One that we may not end goes by itself, or not: the application was told to stop before. */
const FOREIGN_SESSIONS_MS = 5_000;
const POLL_MS = 100;

export function administratorOf(spec: Spec, host: TargetHost): Secret {
  return host.requireSecret(spec.database.restoreUrl ?? spec.database.url);
}

export async function connectMaintenance(
  url: Secret,
  options: Parameters<typeof connectDatabase>[1],
): Promise<Database> {
  let last: unknown;
  for (const name of MAINTENANCE) {
    try {
      return await connectDatabase(withDatabase(url, name), options);
    } catch (thrown) {
      last = thrown;
      if (HoldfastError.from(thrown).code === 'DATABASE_UNREACHABLE') break;
    }
  }
  throw last;
}

/** Databases by name with their object ids. */
export async function listDatabases(maintenance: Database): Promise<ReadonlyMap<string, string>> {
  const rows = await maintenance.query<{ name: string; oid: string }>(
    'SELECT datname AS name, oid::text AS oid FROM pg_database WHERE NOT datistemplate',
  );
  return new Map(rows.map(({ name, oid }) => [name, oid]));
}

/** Ends every session of a database that takes no new ones. Throws DATABASE_SESSIONS_OPEN. */
export async function endSessions(maintenance: Database, name: string, signal: AbortSignal): Promise<number> {
  const list = () =>
    maintenance.query<Backend>(
      'SELECT pid, usename AS user FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()',
      [name],
    );
  return await endAll(maintenance, list, { of: name, signal });
}

interface Backend {
  readonly pid: number;
  readonly user: string | null;
}

/** Returns how many there were. Throws DATABASE_SESSIONS_OPEN. */
export async function endAll(
  maintenance: Database,
  list: () => Promise<readonly Backend[]>,
  { of, signal }: { readonly of: string; readonly signal: AbortSignal },
): Promise<number> {
  const start = performance.now();
  let allowedMs = SESSIONS_MS;
  let ended = 0;
  for (;;) {
    const sessions = await list();
    if (sessions.length === 0) return ended;
    ended = Math.max(ended, sessions.length);
    if (performance.now() - start > allowedMs)
      throw new HoldfastError('DATABASE_SESSIONS_OPEN', {
        database: of,
        sessions: sessions.map(({ pid, user }) => `${pid} of ${user ?? 'the server'}`),
        remedy: 'stop what uses the database, or give an administrator’s address as database.restoreUrl',
      });
    for (const { pid } of sessions)
      if (!(await endSession(maintenance, pid))) allowedMs = FOREIGN_SESSIONS_MS;
    await pause(POLL_MS, undefined, { signal });
  }
}

/** False for a session of a role that we may not end. */
async function endSession(maintenance: Database, pid: number): Promise<boolean> {
  try {
    await maintenance.query('SELECT pg_terminate_backend($1)', [pid]);
    return true;
  } catch (thrown) {
    if (HoldfastError.from(thrown).code !== 'DATABASE_PRIVILEGE_MISSING') throw thrown;
    return false;
  }
}
