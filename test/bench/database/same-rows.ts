import { Secret } from '#libs/kernel/secret.ts';
import { connectDatabase } from '#libs/postgres/connect.ts';
import { qualified } from '#libs/postgres/quote.ts';

/** Number and content of every table's rows, whatever their order, by queries of the bench's own. */
export async function readRows(url: string): Promise<ReadonlyMap<string, string>> {
  await using database = await connectDatabase(new Secret(url));
  const tables = await database.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`,
  );
  const found = new Map<string, string>();
  for (const { name } of tables) {
    const [row] = await database.query<{ said: string }>(
      `SELECT count(*) || ' rows, ' || coalesce(sum(hash_record_extended(t, 0)::numeric), 0) AS said FROM ${qualified({ schema: 'public', name })} t`,
    );
    found.set(name, row!.said);
  }
  return found;
}

/** A figure of a restore that is not the source means nothing. Throws with the tables that differ. */
export function requireSame(
  who: string,
  source: ReadonlyMap<string, string>,
  restored: ReadonlyMap<string, string>,
): void {
  if (source.size === 0) throw new Error(`${who}: the source has no table to compare`);
  const differing = [...source].filter(([name, said]) => restored.get(name) !== said);
  if (differing.length > 0)
    throw new Error(`${who} restored other rows: ${differing.map(([name]) => name).join(', ')}`);
}
