import { Secret } from '#libs/kernel/secret.ts';
import { connectDatabase } from '#libs/postgres/connect.ts';
import type { Ask } from './init/sample-database.ts';

/** Asks the database at an address, and ends the connection. The session cannot write. */
export async function withDatabase<T>(
  url: string,
  work: (ask: Ask) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  await using database = await connectDatabase(new Secret(url), { signal });
  await database.run('SET default_transaction_read_only = on; SET search_path = public');
  // One connection takes one question at a time.
  let last: Promise<unknown> = Promise.resolve();
  const ask: Ask = <Row extends object>(sql: string, parameters?: readonly unknown[]) => {
    const answer = last.then(() => database.query<Row>(sql, parameters));
    last = answer.catch(() => {});
    return answer;
  };
  return await work(ask);
}
