import type { Database } from '#libs/postgres/connect.ts';
import { qualified } from '#libs/postgres/quote.ts';
import type { Sessions } from '#libs/postgres/sessions.ts';

const ALONE_BYTES = 8 * 1024 * 1024;

/**
 * Statistics of every table that has rows, the larger ones side by side. Without them the first queries would crawl.
 * Not of one with foreign tables below it: for these the server asks another system, which may not be there.
 */
export async function analyzeAll(database: Database, sessions: Sessions): Promise<void> {
  const tables = await database.query<{ schema: string; name: string; bytes: string }>(
    `WITH RECURSIVE above(oid) AS (
       SELECT inhparent FROM pg_inherits JOIN pg_class f ON f.oid = inhrelid WHERE f.relkind = 'f'
       UNION SELECT inhparent FROM pg_inherits JOIN above ON above.oid = inhrelid)
     SELECT n.nspname AS schema, c.relname AS name, pg_relation_size(c.oid)::text AS bytes
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'm', 'p') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_(toast|temp)'
        AND c.oid NOT IN (SELECT oid FROM above)
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
