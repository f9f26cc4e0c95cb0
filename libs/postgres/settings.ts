/**
 * Whatever role, database or server say: no timeout may end a long COPY, and values are written in one way. A lock is
 * waited for briefly, because others queue behind a waiting lock. row_security off turns hidden rows into an error. No
 * query here runs long enough to earn what compiling it costs.
 */
export const SETTINGS: readonly (readonly [name: string, value: string, since: number])[] = [
  ['statement_timeout', '0', 0],
  ['lock_timeout', '1500', 0],
  ['idle_in_transaction_session_timeout', '0', 0],
  ['idle_session_timeout', '0', 14],
  ['transaction_timeout', '0', 17],
  ['client_connection_check_interval', '2000', 14],
  ['search_path', '', 0],
  ['synchronize_seqscans', 'off', 0],
  ['row_security', 'off', 0],
  ['default_transaction_isolation', 'read committed', 0],
  ['default_transaction_read_only', 'off', 0],
  ['default_tablespace', '', 0],
  ['standard_conforming_strings', 'on', 0],
  ['quote_all_identifiers', 'off', 0],
  ['jit', 'off', 0],
  ['array_nulls', 'on', 0],
  ['xmloption', 'content', 0],
  ['client_encoding', 'UTF8', 0],
  ['DateStyle', 'ISO, YMD', 0],
  ['IntervalStyle', 'postgres', 0],
  ['TimeZone', 'UTC', 0],
  ['extra_float_digits', '3', 0],
  ['bytea_output', 'hex', 0],
  ['lc_monetary', 'C', 0],
  ['lc_messages', 'C', 0],
];
/** Only a superuser may set it; without it server messages come in the server's language. */
export const OPTIONAL = new Set(['lc_messages', 'client_connection_check_interval']);

/**
 * The same for pg_dump and pg_restore, and from a session's first statement: what a role's own timeout allows may be
 * shorter than the statement that would lift it. Only what every version knows and every role may set.
 */
export const STARTUP_OPTIONS = SETTINGS.filter(([name, , since]) => since === 0 && !OPTIONAL.has(name))
  .map(([name, value]) => `-c ${name}=${value.replaceAll(' ', '\\ ')}`)
  .join(' ');
