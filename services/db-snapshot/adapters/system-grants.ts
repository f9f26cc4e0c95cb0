import type { Database } from '#libs/postgres/connect.ts';
import type { LeftOut } from '../ports.ts';

/** What makes pg_dump pass over them. */
export const WITHOUT_SYSTEM_GRANTS = '--exclude-schema=pg_catalog';

const CATALOGUES = [
  ['pg_class', 'rel'],
  ['pg_proc', 'pro'],
  ['pg_type', 'typ'],
] as const;

/**
 * Privileges on the system's own objects that are not those of a new database: some managed servers give such in each
 * of theirs. Only a superuser restores them, so where `restoring` is none they would end every restore; they are left
 * out and named then.
 */
export async function findSystemGrants(database: Database, restoring: string): Promise<readonly LeftOut[]> {
  const changed = CATALOGUES.map(
    ([catalogue, prefix]) =>
      `SELECT o.${prefix}name::text AS name FROM ${catalogue} o
        WHERE o.${prefix}namespace = 'pg_catalog'::regnamespace
          AND o.${prefix}acl IS DISTINCT FROM (SELECT initprivs FROM pg_init_privs i
                WHERE i.objoid = o.oid AND i.classoid = '${catalogue}'::regclass AND i.objsubid = 0)`,
  );
  const objects = await database.query<{ name: string }>(
    `${changed.join(' UNION ')}
      UNION SELECT o.relname::text FROM pg_attribute a JOIN pg_class o ON o.oid = a.attrelid
       WHERE o.relnamespace = 'pg_catalog'::regnamespace
         AND a.attacl IS DISTINCT FROM (SELECT initprivs FROM pg_init_privs i
               WHERE i.objoid = o.oid AND i.classoid = 'pg_class'::regclass AND i.objsubid = a.attnum)
      ORDER BY 1`,
  );
  const [role] = await database.query<{ superuser: boolean }>(
    'SELECT rolsuper AS superuser FROM pg_roles WHERE rolname = $1',
    [restoring],
  );
  if (objects.length === 0 || role?.superuser === true) return [];
  return [
    {
      what: `grants on system objects: ${objects.map(({ name }) => name).join(', ')}`,
      reason: 'only a superuser could restore them; declare database.restoreUrl of one to keep them',
      partial: false,
    },
  ];
}
