import type { Database } from '#libs/postgres/connect.ts';
import { ownRelations } from '#libs/postgres/tables.ts';
import type { LeftOut } from '../ports.ts';

/** Objects whose content neither pg_dump's structure sections nor our copy holds. */
export async function findUncopied(database: Database): Promise<readonly LeftOut[]> {
  const foreign = await database.query<{ schema: string; name: string }>(
    `SELECT n.nspname AS schema, c.relname AS name FROM ${ownRelations(['f'])} ORDER BY 1, 2`,
  );
  const [counts] = await database.query<{ largeObjects: string; subscriptions: string }>(
    `SELECT (SELECT count(*) FROM pg_largeobject_metadata)::text AS "largeObjects",
            (SELECT count(oid) FROM pg_subscription
              WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database()))::text AS subscriptions`,
  );
  return [
    ...foreign.map(({ schema, name }) => ({
      what: `${schema}.${name}`,
      reason: 'rows of a foreign table live in another system; its definition is kept',
      partial: false,
    })),
    ...count(counts!.largeObjects, 'large objects', true),
    ...count(counts!.subscriptions, 'subscriptions', false),
  ];
}

function count(text: string, kind: string, partial: boolean): readonly LeftOut[] {
  return text === '0' ? [] : [{ what: `${text} ${kind}`, reason: 'not supported yet', partial }];
}
