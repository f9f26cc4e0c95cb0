import type { DatabaseGlobals } from '#libs/contracts/database-snapshot.ts';
import type { Database } from '#libs/postgres/connect.ts';
import { quoteName, quoteText } from '#libs/postgres/quote.ts';

export async function missingRoles(
  server: Database,
  roles: DatabaseGlobals['roles'],
): Promise<DatabaseGlobals['roles']> {
  const present = await server.query<{ name: string }>('SELECT rolname AS name FROM pg_roles');
  const names = new Set(present.map(({ name }) => name));
  return roles.filter(({ name }) => !names.has(name));
}

/** Those that are missing; what is there stays as it is. */
export async function createRoles(server: Database, roles: DatabaseGlobals['roles']): Promise<void> {
  const missing = await missingRoles(server, roles);
  // The statement holds a password hash: errors show only its head.
  for (const { name, create } of missing) await server.run(create, `CREATE ROLE ${quoteName(name)} …`);
  for (const { memberships } of missing) for (const grant of memberships) await server.run(grant);
}

/** Whether objects can be given to their owners; otherwise all belong to the restoring role, and preflight said so. */
export async function mayGiveTo(server: Database, globals: DatabaseGlobals): Promise<boolean> {
  const [row] = await server.query<{ may: boolean }>(
    // Roles that are missing are made first, by whoever may then give to them.
    `SELECT coalesce(bool_and(pg_has_role(oid, 'MEMBER')), true) AS may FROM pg_roles WHERE rolname = ANY($1::text[])`,
    [[globals.owner, ...globals.roles.map(({ name }) => name)]],
  );
  return row?.may === true;
}

/** Of CREATE DATABASE: the source's encoding, locale and, where that can be, owner. */
export function createOptions(globals: DatabaseGlobals, keepsOwners: boolean, server: Database): string {
  const options = [
    ...(keepsOwners ? [`OWNER ${quoteName(globals.owner)}`] : []),
    'TEMPLATE template0',
    `ENCODING ${quoteText(globals.encoding)}`,
    `LC_COLLATE ${quoteText(globals.collate)} LC_CTYPE ${quoteText(globals.ctype)}`,
  ];
  if (globals.provider !== 'libc' && globals.locale !== null)
    options.push(
      `LOCALE_PROVIDER ${globals.provider}`,
      `${globals.provider === 'icu' ? 'ICU_LOCALE' : 'BUILTIN_LOCALE'} ${quoteText(globals.locale)}`,
    );
  else if (server.serverMajor >= 15) options.push('LOCALE_PROVIDER libc');
  return options.join(' ');
}
