import type { TableRecord } from '#libs/contracts/database-snapshot.ts';
import type { Database } from '#libs/postgres/connect.ts';
import { qualified, quoteName } from '#libs/postgres/quote.ts';
import { LARGE_OBJECTS } from '#libs/postgres/tables.ts';

/** Pages of one large object that are written in one piece: half a mebibyte. */
const PAGES_AT_ONCE = 256;

/** In the transaction that the session is in. */
export async function loadSlice(
  session: Database,
  table: TableRecord,
  rows: AsyncIterable<Buffer>,
): Promise<void> {
  const isLarge = table.schema === LARGE_OBJECTS.schema && table.name === LARGE_OBJECTS.name;
  const into = isLarge ? 'pg_temp.holdfast_pages' : qualified(table);
  if (isLarge) await session.run(MAKE_PAGES);
  // Without a list COPY takes every column that is not generated, which here is none.
  const columns = table.columns.length === 0 ? '' : `(${table.columns.map(quoteName).join(', ')})`;
  await session.copyIn(`COPY ${into} ${columns} FROM STDIN (FORMAT ${table.format})`, rows);
  if (isLarge) await session.run(WRITE_PAGES);
}

const MAKE_PAGES = `CREATE TEMPORARY TABLE holdfast_pages (loid oid, pageno integer, data bytea) ON COMMIT DROP`;

/**
 * Nobody may write to pg_largeobject itself but a superuser. Pages that follow one another are written as one, up to
 * a page that is not full: what lies behind it was never written.
 */
const WRITE_PAGES = `
  WITH page AS (SELECT current_setting('block_size')::int / 4 AS bytes),
  marked AS (
    SELECT loid, pageno, data,
           lag(pageno) OVER w IS DISTINCT FROM pageno - 1
             OR lag(octet_length(data)) OVER w < page.bytes
             OR pageno % ${PAGES_AT_ONCE} = 0 AS begins
      FROM pg_temp.holdfast_pages, page WINDOW w AS (PARTITION BY loid ORDER BY pageno)),
  pieces AS (
    SELECT loid, pageno, data, count(*) FILTER (WHERE begins) OVER (PARTITION BY loid ORDER BY pageno) AS piece
      FROM marked)
  SELECT count(lo_put(loid, first::bigint * page.bytes, content)) FROM page,
    (SELECT loid, min(pageno) AS first, string_agg(data, '' ORDER BY pageno) AS content FROM pieces GROUP BY loid, piece) p`;
