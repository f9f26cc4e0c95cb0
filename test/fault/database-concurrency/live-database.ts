import { withDatabase } from '#libs/postgres/address.ts';
import { connectDatabase, type Database } from '#libs/postgres/connect.ts';
import type { Secret } from '#libs/kernel/secret.ts';
import { openSession } from './application.ts';
import type { pictureOf } from './picture.ts';

type Picture = Awaited<ReturnType<typeof pictureOf>>;

/** Who is no application is the backup. */
const OF_THE_BACKUP = `application_name <> 'edms' AND backend_type = 'client backend' AND datname = current_database()`;

/** A database that applications work on, and what it held at each of its moments. */
export class LiveDatabase implements AsyncDisposable {
  readonly name: string;
  readonly url: Secret;
  /** Of statements that queued behind one that waited for the backup. */
  readonly waits: { readonly statement: string; readonly ms: number }[] = [];
  /** A statement has waited for the backup since this was last set to false. */
  waited = false;
  readonly #server: Secret;
  readonly #past: { readonly n: number; readonly application: string; readonly picture: Picture }[] = [];
  /** The harness's own. */
  readonly #eyes: Database;
  #looked: Promise<unknown> = Promise.resolve();

  static async create(server: Secret, name: string): Promise<LiveDatabase> {
    await onServer(server, `CREATE DATABASE ${name} TEMPLATE template0`);
    const url = withDatabase(server, name);
    const eyes = await openSession({ url });
    await eyes.run(
      `CREATE TABLE moment (n int); INSERT INTO moment VALUES (0);
       CREATE TABLE zz_last (id int GENERATED ALWAYS AS IDENTITY, note text);
       INSERT INTO zz_last (note) VALUES ('the last row')`,
    );
    return new LiveDatabase({ server, name, url, eyes });
  }

  private constructor(parts: { server: Secret; name: string; url: Secret; eyes: Database }) {
    this.#server = parts.server;
    this.name = parts.name;
    this.url = parts.url;
    this.#eyes = parts.eyes;
  }

  remember(n: number, application: string, picture: Picture): void {
    this.#past.push({ n, application, picture });
  }

  /** What an application's tables held when that many transactions had been committed. */
  heldAt(n: number, application: string): Picture | undefined {
    return this.#past.filter((each) => each.application === application && each.n <= n).at(-1)?.picture;
  }

  lastOf(application: string): Picture | undefined {
    return this.heldAt(Infinity, application);
  }

  /** The table for which a session waits because of the backup; it may wait for one of its indexes. */
  async findHeldUp(pid: number): Promise<{ readonly table: string } | undefined> {
    const [held] = await this.#look<{ table: string }>(
      `SELECT coalesce(indrelid, relation)::regclass::text AS table
         FROM pg_locks LEFT JOIN pg_index ON indexrelid = relation
        WHERE pid = ${pid} AND NOT granted AND relation IS NOT NULL AND EXISTS (
              SELECT FROM pg_stat_activity a WHERE a.pid = ANY(pg_blocking_pids(${pid})) AND ${OF_THE_BACKUP})`,
    );
    this.waited ||= held !== undefined;
    return held;
  }

  async isWaiting(pid: number): Promise<boolean> {
    return await this.#ask(`SELECT FROM pg_stat_activity WHERE pid = ${pid} AND wait_event_type = 'Lock'`);
  }

  async isBackupWaiting(): Promise<boolean> {
    return await this.#ask(
      `SELECT FROM pg_stat_activity WHERE ${OF_THE_BACKUP} AND wait_event_type = 'Lock'`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#eyes[Symbol.asyncDispose]();
    await onServer(this.#server, `DROP DATABASE ${this.name} WITH (FORCE)`);
  }

  async #ask(query: string): Promise<boolean> {
    const [row] = await this.#look<{ is: boolean }>(`SELECT EXISTS (${query}) AS is`);
    return row!.is;
  }

  /** One look at a time: there is one session for it. */
  async #look<Row extends object>(query: string): Promise<readonly Row[]> {
    const looking = this.#looked.then(() => this.#eyes.query<Row>(query));
    this.#looked = looking.catch(() => {});
    return await looking;
  }
}

export async function onServer(server: Secret, statement: string): Promise<void> {
  await using session = await connectDatabase(server);
  await session.run(statement);
}
