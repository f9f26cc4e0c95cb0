import { problem, type Problem } from '#libs/kernel/errors.ts';
import type { Secret } from '#libs/kernel/secret.ts';
import { connectDatabase, type Database } from '#libs/postgres/connect.ts';

/**
 * A pool that gives out the server's sessions by the transaction lends ours to others, and others' to us, without the
 * settings that keep rows from being hidden and values from being written in another way. It shows when two sessions
 * ask in turn: one of them changes, or both are the same. Whether the pool hands out what was given back last or what
 * has waited longest, this order meets it; more rounds are for one with many sessions.
 */
export async function poolProblems(
  one: Database,
  url: Secret,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  await using other = await connectDatabase(url, { signal });
  const turns = [one, other, other, one, one, other, other, one];
  const seen = new Map<Database, number>();
  for (const session of turns) {
    const backend = await askBackend(session);
    const known = seen.get(session);
    if (known !== undefined ? known !== backend : [...seen.values()].includes(backend)) return [pooled(one)];
    seen.set(session, backend);
  }
  return [];
}

async function askBackend(database: Database): Promise<number> {
  const [row] = await database.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return row!.pid;
}

function pooled({ address: { host, port } }: Database): Problem {
  return problem(
    'DATABASE_POOLED',
    `${host}:${port}`,
    'what answers is a pool: each transaction has another session',
  );
}
