import type { Socket } from 'node:net';
import { Client } from 'pg';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Secret } from '#libs/kernel/secret.ts';
import { parseAddress, type Address } from './address.ts';
import { CopyIn } from './copy-in.ts';
import { CopyOut, rowSocket } from './copy-out.ts';
import { databaseError } from './errors.ts';
import { OPTIONAL, SETTINGS, STARTUP_OPTIONS } from './settings.ts';

/** One session with fixed settings. Every error is a HoldfastError of the catalogue's database part. */
export interface Database extends AsyncDisposable {
  readonly address: Address;
  readonly serverMajor: number;
  readonly serverVersion: string;
  query<Row extends object>(sql: string, parameters?: readonly unknown[]): Promise<readonly Row[]>;
  /** One statement or several; `shown` stands for them in errors where they hold a secret. */
  run(sql: string, shown?: string): Promise<void>;
  /**
   * A piece is valid until the next one is asked for. Who leaves before the last one ends the session. `onEnd` is told
   * after the last one how many rows the server says it sent.
   */
  copyOut(sql: string, onEnd?: (rows: number) => void): AsyncIterable<Buffer>;
  /** The pieces are given up: none may be used after the next one was asked for. */
  copyIn(sql: string, source: AsyncIterable<Buffer>): Promise<void>;
}

const CONNECT_MS = 10_000;
/** The system waits two hours; a query on a server that is gone must end while its run still waits. */
const KEEPALIVE_MS = 60_000;

/** Throws DATABASE_UNREACHABLE, DATABASE_LOGIN_REFUSED, DATABASE_MISSING, DATABASE_POOLED. Aborting ends the session at once. */
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
    options: STARTUP_OPTIONS,
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
    const [row] = await this.query<{ number: string; version: string }>(
      `SELECT current_setting('server_version_num') AS number, current_setting('server_version') AS version`,
    );
    this.serverMajor = Math.floor(Number(row!.number) / 10_000);
    this.serverVersion = row!.version;
    // Once more for a pool that takes the startup options and forgets them, and for an address with options of its own.
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

  async *copyOut(sql: string, onEnd?: (rows: number) => void): AsyncIterable<Buffer> {
    using copy = this.#client.query(new CopyOut(sql));
    try {
      for (let rows = await copy.next(); rows !== undefined; rows = await copy.next()) yield rows;
      onEnd?.(copy.rows);
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
