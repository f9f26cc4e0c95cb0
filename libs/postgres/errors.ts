import type { ErrorCode } from '#libs/kernel/catalogue.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Address } from './address.ts';
import { quoteName } from './quote.ts';

const STATEMENT_CHARACTERS_MAX = 120;

/** Classes and states of SQLSTATE (PostgreSQL manual, appendix A) in the catalogue's words. */
const BY_STATE: readonly (readonly [state: RegExp, code: ErrorCode])[] = [
  [/^28/, 'DATABASE_LOGIN_REFUSED'],
  [/^3D000$/, 'DATABASE_MISSING'],
  [/^42501$/, 'DATABASE_PRIVILEGE_MISSING'],
  [/^53100$/, 'SPACE_MISSING'],
  // A lock was not to be had in time, or two waited for each other.
  [/^(55P03|40P01)$/, 'DATABASE_CONTENDED'],
  // Somebody entered between the last look and the statement, or a pool in front says so.
  [/^55006$/, 'DATABASE_SESSIONS_OPEN'],
  [/^(08|57P0[1-5]$|53300$)/, 'DATABASE_UNREACHABLE'],
];
/** What pools say of a session's own settings: PgBouncer, RDS Proxy. A server takes them. */
const POOL = /unsupported startup parameter|command-line options/;
/** The same state as for memory; the server's hint names max_locks_per_transaction. */
const LOCKS = /^out of shared memory/;
/** Not a SQLSTATE: Node's names of network failures, and texts of `pg` for a connection that ended. */
const NETWORK = /^E[A-Z_]+$/;
const ENDED = /Connection terminated|timeout expired|connection is closed|not queryable|Client was closed/i;

/** The server's message is kept, its detail (which may hold values) is not; the password is in neither. */
export function databaseError(thrown: unknown, address: Address, statement?: string): HoldfastError {
  if (thrown instanceof HoldfastError) return thrown;
  const error = thrown as Error & { code?: string };
  const { host, port, user, database } = address;
  const where = { host, port, user, database };
  const state = error.code ?? '';
  if (error.message.includes('row-level security policy for table'))
    return new HoldfastError(
      'DATABASE_ROW_SECURITY',
      { ...where, reason: error.message, remedy: `ALTER ROLE ${quoteName(user)} BYPASSRLS;` },
      { cause: thrown },
    );
  if (POOL.test(error.message))
    return new HoldfastError('DATABASE_POOLED', { ...where, reason: error.message }, { cause: thrown });
  if (LOCKS.test(error.message))
    return new HoldfastError(
      'DATABASE_LOCKS_MISSING',
      { ...where, reason: error.message },
      { cause: thrown },
    );
  const found = BY_STATE.find(([pattern]) => pattern.test(state))?.[1];
  if (found === 'DATABASE_PRIVILEGE_MISSING')
    return new HoldfastError(
      found,
      { ...where, reason: error.message, remedy: grantFor(error.message, user, database) },
      { cause: thrown },
    );
  if (found !== undefined)
    return new HoldfastError(found, { ...where, reason: error.message }, { cause: thrown });
  if (NETWORK.test(state) || ENDED.test(error.message))
    return new HoldfastError(
      'DATABASE_UNREACHABLE',
      { ...where, reason: error.message || state },
      { cause: thrown },
    );
  if (statement === undefined)
    return new HoldfastError('DATABASE_UNREACHABLE', { ...where, reason: error.message }, { cause: thrown });
  return new HoldfastError(
    'DATABASE_QUERY_FAILED',
    { database, statement: headOf(statement), reason: error.message, sqlState: state },
    { cause: thrown },
  );
}

function headOf(statement: string): string {
  const line = statement.replaceAll(/\s+/g, ' ').trim();
  return line.length > STATEMENT_CHARACTERS_MAX ? `${line.slice(0, STATEMENT_CHARACTERS_MAX)}…` : line;
}

function grantFor(message: string, user: string, database: string): string {
  const role = quoteName(user);
  if (message.includes('permission denied for database'))
    return `GRANT CONNECT ON DATABASE ${quoteName(database)} TO ${role};`;
  const [, kind, name] = /permission denied for (table|view|sequence|schema) (.+)$/.exec(message) ?? [];
  if (kind === 'schema') return `GRANT USAGE ON SCHEMA ${quoteName(name!)} TO ${role};`;
  if (kind !== undefined)
    return `GRANT SELECT ON ${kind === 'sequence' ? 'SEQUENCE' : 'TABLE'} ${quoteName(name!)} TO ${role};`;
  if (message.includes('create role')) return `ALTER ROLE ${role} CREATEROLE;`;
  if (/create database|rename database/.test(message)) return `ALTER ROLE ${role} CREATEDB;`;
  return `GRANT the missing privilege in database ${quoteName(database)} to ${role}, or give an administrator's address as database.restoreUrl`;
}
