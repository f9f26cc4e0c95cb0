import type { DatabaseGlobals } from '#libs/contracts/database-snapshot.ts';
import type { Database } from './connect.ts';
import { quoteName, quoteText } from './quote.ts';
import { settingText } from './setting-text.ts';

type Role = DatabaseGlobals['roles'][number];

interface RoleFact {
  readonly name: string;
  readonly superuser: boolean;
  readonly inherit: boolean;
  readonly createRole: boolean;
  readonly createDb: boolean;
  readonly login: boolean;
  readonly replication: boolean;
  readonly bypassRls: boolean;
  readonly limit: number;
  readonly validUntil: string | null;
  readonly settings: readonly string[] | null;
}

/** Of an extension, or of a range type: made along with it, by whoever that is, and given to nobody. */
const madeAlong = (classId: string, objectId: string) =>
  `EXISTS (SELECT FROM pg_depend e WHERE e.classid = ${classId} AND e.objid = ${objectId} AND e.deptype IN ('e', 'i'))`;

/**
 * Owners, grantees and policy roles of this database, and the roles they are members of. Objects of the cluster's
 * first superuser are not in pg_shdepend, hence the owners by themselves.
 */
const NEEDED = `WITH RECURSIVE named AS (
    SELECT s.refobjid AS oid FROM pg_shdepend s JOIN pg_database d ON d.datname = current_database()
      WHERE s.refclassid = 'pg_authid'::regclass AND (s.dbid = d.oid OR (s.classid = 'pg_database'::regclass AND s.objid = d.oid))
        AND NOT (s.deptype = 'o' AND (s.classid = 'pg_extension'::regclass OR ${madeAlong('s.classid', 's.objid')}))
    UNION SELECT datdba FROM pg_database WHERE datname = current_database()
    UNION SELECT relowner FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND NOT ${madeAlong(`'pg_class'::regclass`, 'c.oid')}
    UNION SELECT nspowner FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
    UNION SELECT proowner FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
      WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND NOT ${madeAlong(`'pg_proc'::regclass`, 'p.oid')}
    UNION SELECT s.setrole FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
      WHERE d.datname = current_database() AND s.setrole <> 0
    UNION SELECT m.roleid FROM pg_auth_members m JOIN named ON named.oid = m.member)
  SELECT r.oid FROM pg_roles r JOIN named USING (oid) WHERE r.rolname !~ '^pg_'`;

/** `passwords` is false where the server does not show hashes to this role. */
export async function readRoles(
  database: Database,
): Promise<{ readonly roles: readonly Role[]; readonly passwords: boolean }> {
  const facts = await database.query<RoleFact & { oid: string }>(
    `SELECT r.oid::text AS oid, rolname AS name, rolsuper AS superuser, rolinherit AS inherit, rolcreaterole AS "createRole",
            rolcreatedb AS "createDb", rolcanlogin AS login, rolreplication AS replication, rolbypassrls AS "bypassRls",
            rolconnlimit AS limit, rolvaliduntil::text AS "validUntil",
            (SELECT setconfig FROM pg_db_role_setting s WHERE s.setrole = r.oid AND s.setdatabase = 0) AS settings
       FROM pg_roles r WHERE r.oid IN (${NEEDED}) ORDER BY rolname`,
  );
  const memberships = await database.query<{ member: string; role: string; admin: boolean }>(
    `SELECT m.rolname AS member, g.rolname AS role, bool_or(a.admin_option) AS admin
       FROM pg_auth_members a JOIN pg_roles m ON m.oid = a.member JOIN pg_roles g ON g.oid = a.roleid
      WHERE a.member IN (${NEEDED}) GROUP BY 1, 2 ORDER BY 1, 2`,
  );
  const hashes = await readHashes(database);
  const roles = facts.map((fact) => ({
    name: fact.name,
    create: createText(fact, hashes?.get(fact.name)),
    memberships: memberships
      .filter(({ member }) => member === fact.name)
      .map(
        ({ role, admin }) =>
          `GRANT ${quoteName(role)} TO ${quoteName(fact.name)}${admin ? ' WITH ADMIN OPTION' : ''}`,
      ),
  }));
  return { roles, passwords: hashes !== undefined };
}

async function readHashes(database: Database): Promise<ReadonlyMap<string, string> | undefined> {
  const [may] = await database.query<{ may: boolean }>(
    `SELECT has_column_privilege('pg_authid', 'rolpassword', 'SELECT') AS may`,
  );
  if (may?.may !== true) return undefined;
  const rows = await database.query<{ name: string; hash: string }>(
    'SELECT rolname AS name, rolpassword AS hash FROM pg_authid WHERE rolpassword IS NOT NULL',
  );
  return new Map(rows.map(({ name, hash }) => [name, hash]));
}

function createText(fact: RoleFact, hash: string | undefined): string {
  const name = quoteName(fact.name);
  const flag = (on: boolean, word: string) => `${on ? '' : 'NO'}${word}`;
  const parts = [
    flag(fact.superuser, 'SUPERUSER'),
    flag(fact.inherit, 'INHERIT'),
    flag(fact.createRole, 'CREATEROLE'),
    flag(fact.createDb, 'CREATEDB'),
    flag(fact.login, 'LOGIN'),
    flag(fact.replication, 'REPLICATION'),
    flag(fact.bypassRls, 'BYPASSRLS'),
    ...(fact.limit === -1 ? [] : [`CONNECTION LIMIT ${fact.limit}`]),
    ...(hash === undefined ? [] : [`PASSWORD ${quoteText(hash)}`]),
    ...(fact.validUntil === null ? [] : [`VALID UNTIL ${quoteText(fact.validUntil)}`]),
  ];
  const settings = (fact.settings ?? []).map((setting) => `ALTER ROLE ${name} SET ${settingText(setting)}`);
  return [`CREATE ROLE ${name} WITH ${parts.join(' ')}`, ...settings].join('; ');
}
