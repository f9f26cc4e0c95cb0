import type { DatabaseGlobals } from '#libs/contracts/database-snapshot.ts';
import { problem, type Problem } from '#libs/kernel/errors.ts';
import type { Database } from '#libs/postgres/connect.ts';
import { quoteName } from '#libs/postgres/quote.ts';
import { mayGiveTo, missingRoles } from './create-options.ts';

/** One for each role that what is restored cannot be given to. */
export async function ownerWarnings(globals: DatabaseGlobals, server: Database): Promise<readonly Problem[]> {
  if (await mayGiveTo(server, globals)) return [];
  const { user } = server.address;
  const roles = await server.query<{ name: string; superuser: boolean }>(
    `SELECT rolname AS name, rolsuper AS superuser FROM pg_roles
      WHERE rolname = ANY($1::text[]) AND NOT pg_has_role(oid, 'MEMBER') ORDER BY 1`,
    [[globals.owner, ...globals.roles.map(({ name }) => name)]],
  );
  return roles.map(({ name, superuser }) =>
    problem(
      'DATABASE_PRIVILEGE_MISSING',
      `role ${name}`,
      `${user} is no member of it: objects will belong to ${user}, not to their owners`,
      superuser
        ? 'declare database.restoreUrl of a superuser'
        : `GRANT ${quoteName(name)} TO ${quoteName(user)};`,
    ),
  );
}

/** Roles that a restore makes anew without a password, because the source did not show it. */
export async function passwordWarnings(
  globals: DatabaseGlobals,
  server: Database,
): Promise<readonly Problem[]> {
  return (await missingRoles(server, globals.roles))
    .filter(({ create }) => / LOGIN\b/.test(create) && !/ PASSWORD /.test(create))
    .map(({ name }) =>
      problem(
        'DATABASE_PRIVILEGE_MISSING',
        `role ${name}`,
        'is missing here, and the backup has no password for it: where the server asks for one, nobody logs in as it',
        `make it with its password before: CREATE ROLE ${quoteName(name)} LOGIN PASSWORD '…'; and declare database.restoreUrl for the next backup`,
      ),
    );
}
