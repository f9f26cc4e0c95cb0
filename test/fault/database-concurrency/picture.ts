import type { Database } from '#libs/postgres/connect.ts';

/** What an application's tables hold: names, columns, parents and every row, as the session sees them now. */
export async function pictureOf(
  session: Database,
  application: string,
): Promise<Readonly<Record<string, string>>> {
  const tables = await session.query<{ name: string; shape: string }>(
    `SELECT c.relname AS name,
            (SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum)
               FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped) ||
            coalesce((SELECT ' of ' || inhparent::regclass FROM pg_inherits WHERE inhrelid = c.oid), '') AS shape
       FROM pg_class c WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND starts_with(relname, $1)
      ORDER BY 1`,
    [`${application}_`],
  );
  const picture: Record<string, string> = {};
  for (const { name, shape } of tables) {
    const [rows] = await session.query<{ content: string }>(
      `SELECT count(*) || ' rows ' || coalesce(md5(string_agg(t::text, E'\\n' ORDER BY t::text)), '') AS content
         FROM ONLY public.${name} t`,
    );
    picture[name] = `(${shape}) ${rows!.content}`;
  }
  return picture;
}
