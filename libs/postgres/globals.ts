import type { DatabaseGlobals } from '#libs/contracts/database-snapshot.ts';
import type { Database } from './connect.ts';
import { quoteName } from './quote.ts';
import { settingText } from './setting-text.ts';

/** Stands for the database's name in statements that are kept. */
export const NAME_PLACE = '%DB%';

/** What belongs to the database itself and is in no table of it. */
export async function readDatabaseFacts(database: Database): Promise<Omit<DatabaseGlobals, 'roles'>> {
  const [row] = await database.query<Omit<DatabaseGlobals, 'roles' | 'grants' | 'settings'>>(
    `SELECT datname AS name, pg_get_userbyid(datdba) AS owner, pg_encoding_to_char(encoding) AS encoding,
            datcollate AS collate, datctype AS ctype, ${localeColumns(database.serverMajor)},
            datconnlimit AS "connectionLimit", shobj_description(oid, 'pg_database') AS comment
       FROM pg_database WHERE datname = current_database()`,
  );
  return { ...row!, grants: await readGrants(database), settings: await readSettings(database) };
}

function localeColumns(major: number): string {
  if (major < 15) return `'libc' AS provider, NULL AS locale`;
  const column = major < 17 ? 'daticulocale' : 'datlocale';
  return `CASE datlocprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END AS provider, ${column} AS locale`;
}

/** Empty when nothing was ever granted or revoked: then the server's defaults hold. */
async function readGrants(database: Database): Promise<readonly string[]> {
  const rows = await database.query<{ grantee: string | null; privilege: string; option: boolean }>(
    `SELECT r.rolname AS grantee, a.privilege_type AS privilege, bool_or(a.is_grantable) AS option
       FROM pg_database d, aclexplode(d.datacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
      WHERE d.datname = current_database() GROUP BY 1, 2 ORDER BY 1, 2`,
  );
  if (rows.length === 0) return [];
  const grants = rows.map(({ grantee, privilege, option }) => {
    const to = grantee === null ? 'PUBLIC' : quoteName(grantee);
    return `GRANT ${privilege} ON DATABASE ${NAME_PLACE} TO ${to}${option ? ' WITH GRANT OPTION' : ''}`;
  });
  return [`REVOKE ALL ON DATABASE ${NAME_PLACE} FROM PUBLIC`, ...grants];
}

async function readSettings(database: Database): Promise<readonly string[]> {
  const rows = await database.query<{ role: string | null; settings: readonly string[] }>(
    `SELECT r.rolname AS role, s.setconfig AS settings
       FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase LEFT JOIN pg_roles r ON r.oid = s.setrole
      WHERE d.datname = current_database() ORDER BY 1 NULLS FIRST`,
  );
  return rows.flatMap(({ role, settings }) =>
    settings.map((setting) =>
      role === null
        ? `ALTER DATABASE ${NAME_PLACE} SET ${settingText(setting)}`
        : `ALTER ROLE ${quoteName(role)} IN DATABASE ${NAME_PLACE} SET ${settingText(setting)}`,
    ),
  );
}

export function forDatabase(statement: string, name: string): string {
  return statement.replaceAll(NAME_PLACE, () => quoteName(name));
}
