import type { Socket } from 'node:net';
import { Client } from 'pg';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Secret } from '#libs/kernel/secret.ts';
import { parseAddress, type Address } from './address.ts';
import { CopyIn } from './copy-in.ts';
import { CopyOut, rowSocket } from './copy-out.ts';
import { databaseError } from './errors.ts';

/** One session with fixed settings. Every error is a HoldfastError of the catalogue's database part. */
export interface Database extends AsyncDisposable {
  readonly address: Address;
  readonly serverMajor: number;
  readonly serverVersion: string;
  query<Row extends object>(sql: string, parameters?: readonly unknown[]): Promise<readonly Row[]>;
  /** One statement or several; `shown` stands for them in errors where they hold a secret. */
  run(sql: string, shown?: string): Promise<void>;
  /** A piece is valid until the next one is asked for. Who leaves before the last one ends the session. */
  copyOut(sql: string): AsyncIterable<Buffer>;
  /** The pieces are given up: none may be used after the next one was asked for. */
  copyIn(sql: string, source: AsyncIterable<Buffer>): Promise<void>;
}

const CONNECT_MS = 10_000;
/** The system waits two hours; a query on a server that is gone must end while its run still waits. */
const KEEPALIVE_MS = 60_000;

/**
 * Whatever role, database or server say: no timeout may end a long COPY, and values are written in one way. A lock is
 * waited for briefly, because others queue behind a waiting lock. row_security off turns hidden rows into an error.
 */
const SETTINGS: readonly (readonly [name: string, value: string, since: number])[] = [
  ['lock_timeout', '1500', 0],
  ['idle_in_transaction_session_timeout', '0', 0],
  ['idle_session_timeout', '0', 14],
  ['transaction_timeout', '0', 17],
  ['client_connection_check_interval', '2000', 14],
  ['search_path', '', 0],
  ['synchronize_seqscans', 'off', 0],
  ['row_security', 'off', 0],
  ['default_transaction_isolation', 'read committed', 0],
  ['standard_conforming_strings', 'on', 0],
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
const OPTIONAL = new Set(['lc_messages', 'client_connection_check_interval']);

/** Throws DATABASE_UNREACHABLE, DATABASE_LOGIN_REFUSED, DATABASE_MISSING. Aborting ends the session at once. */
export async function connectDatabase(
  url: Secret,
  {
    signal,
    applicationName = 'holdfast',
  }: { readonly signal?: AbortSignal; readonly applicationName?: string } = {},
): Promise<Database> {
  signal?.throwIfAborted();
  const address = parseAddress(url);
  const client = new Client({
    connectionString: url.reveal(),
    application_name: applicationName,
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEPALIVE_MS,
    stream: rowSocket as () => Socket,
  });
  // The URL reader of pg leaves %23 and its like in database names.
  (client as unknown as { connectionParameters: { database: string } }).connectionParameters.database =
    address.database;
  // The query under way rejects; without a listener the event itself would end the process.
  client.on('error', () => {});
  try {
    await connected(client, signal);
  } catch (error) {
    signal?.throwIfAborted();
    throw databaseError(error, address);
  }
  const session = new Session(client, address, signal);
  try {
    await session.prepare();
    return session;
  } catch (error) {
    await session[Symbol.asyncDispose]();
    throw error;
  }
}

/** A server that takes the connection and says nothing ends with CONNECT_MS; whoever aborts does not wait for that. */
async function connected(client: Client, signal: AbortSignal | undefined): Promise<void> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const stop = () => {
    client.end().catch(() => {});
    reject(signal?.reason);
  };
  signal?.addEventListener('abort', stop, { once: true });
  try {
    await Promise.race([client.connect(), aborted]);
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

class Session implements Database {
  readonly address: Address;
  serverMajor = 0;
  serverVersion = '';
  readonly #client: Client;
  readonly #signal: AbortSignal | undefined;
  readonly #abort = () => void this.#client.end().catch(() => {});

  constructor(client: Client, address: Address, signal: AbortSignal | undefined) {
    this.#client = client;
    this.address = address;
    this.#signal = signal;
    signal?.addEventListener('abort', this.#abort, { once: true });
  }

  async prepare(): Promise<void> {
    // First and by itself: what a database's own timeout allows may be shorter than the questions that follow.
    await this.run('SET statement_timeout = 0');
    const [row] = await this.query<{ number: string; version: string }>(
      `SELECT current_setting('server_version_num') AS number, current_setting('server_version') AS version`,
    );
    this.serverMajor = Math.floor(Number(row!.number) / 10_000);
    this.serverVersion = row!.version;
    const settings = SETTINGS.filter(([, , since]) => this.serverMajor >= since);
    const must = settings.filter(([name]) => !OPTIONAL.has(name));
    await this.query(
      `SELECT ${must.map((_, n) => `set_config($${2 * n + 1}, $${2 * n + 2}, false)`).join(', ')}`,
      must.flatMap(([name, value]) => [name, value]),
    );
    for (const [name, value] of settings.filter(([each]) => OPTIONAL.has(each)))
      await this.query('SELECT set_config($1, $2, false)', [name, value]).catch(() => undefined);
  }

  async query<Row extends object>(sql: string, parameters: readonly unknown[] = []): Promise<readonly Row[]> {
    try {
      return (await this.#client.query<Row & Record<string, unknown>>(sql, [...parameters])).rows;
    } catch (error) {
      throw this.#explain(error, sql);
    }
  }

  async run(sql: string, shown = sql): Promise<void> {
    try {
      await this.#client.query(sql);
    } catch (error) {
      throw this.#explain(error, shown);
    }
  }

  async *copyOut(sql: string): AsyncIterable<Buffer> {
    using copy = this.#client.query(new CopyOut(sql));
    try {
      for (let rows = await copy.next(); rows !== undefined; rows = await copy.next()) yield rows;
    } catch (error) {
      throw this.#explain(error, sql);
    } finally {
      if (!copy.isOver) await this[Symbol.asyncDispose]();
    }
  }

  async copyIn(sql: string, source: AsyncIterable<Buffer>): Promise<void> {
    try {
      await this.#client.query(new CopyIn(sql)).send(source);
    } catch (error) {
      throw this.#explain(error, sql);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#signal?.removeEventListener('abort', this.#abort);
    await this.#client.end().catch(() => {});
  }

  #explain(error: unknown, statement: string): HoldfastError {
    if (this.#signal?.aborted === true) return HoldfastError.from(this.#signal.reason);
    return databaseError(error, this.address, statement);
  }
}
