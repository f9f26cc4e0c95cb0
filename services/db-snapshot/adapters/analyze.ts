import type { Database } from '#libs/postgres/connect.ts';
import { qualified } from '#libs/postgres/quote.ts';
import type { Sessions } from '#libs/postgres/sessions.ts';

const ALONE_BYTES = 8 * 1024 * 1024;

/** Statistics of every table that has rows, the larger ones side by side. Without them the first queries would crawl. */
export async function analyzeAll(database: Database, sessions: Sessions): Promise<void> {
  const tables = await database.query<{ schema: string; name: string; bytes: string }>(
    `SELECT n.nspname AS schema, c.relname AS name, pg_relation_size(c.oid)::text AS bytes
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'm', 'p') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_(toast|temp)'
      ORDER BY pg_relation_size(c.oid) DESC`,
  );
  const isLarge = ({ bytes }: { readonly bytes: string }) => Number(bytes) >= ALONE_BYTES;
  const analyze = (of: readonly { schema: string; name: string }[]) =>
    sessions.use((session) => session.run(`ANALYZE ${of.map(qualified).join(', ')}`));
  const small = tables.filter((table) => !isLarge(table));
  await Promise.all([
    ...tables.filter(isLarge).map((table) => analyze([table])),
    ...(small.length > 0 ? [analyze(small)] : []),
  ]);
}
