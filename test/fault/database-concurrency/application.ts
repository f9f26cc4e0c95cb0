import { isDeepStrictEqual } from 'node:util';
import { setTimeout as pause } from 'node:timers/promises';
import { connectDatabase, type Database } from '#libs/postgres/connect.ts';
import type { LiveDatabase } from './live-database.ts';
import { pictureOf } from './picture.ts';

const POLL_MS = 10;

/** A session as an application has it: it waits for locks as long as it takes. */
export async function openSession(live: Pick<LiveDatabase, 'url'>): Promise<Database> {
  const session = await connectDatabase(live.url, { applicationName: 'edms' });
  await session.run('SET search_path = public; SET lock_timeout = 0');
  return session;
}

interface Own {
  readonly session: Database;
  readonly pid: number;
}

/**
 * Works on tables whose names begin with its own. Each of its transactions takes the next number of the database, last
 * of all and until its commit, so that these numbers are the order of what anybody could see.
 */
export class Application implements AsyncDisposable {
  readonly name: string;
  readonly rows: number;
  /** Ids that a sequence gave out, by the time of the answer. */
  readonly issued: { readonly id: number; readonly atMs: number }[] = [];
  /** Where its first transaction stands open. */
  hold: (() => Promise<void>) | undefined;
  readonly #live: LiveDatabase;
  readonly #stack: AsyncDisposableStack;
  readonly #main: Own;
  readonly #beside: Own;
  readonly #behind: readonly Database[];
  #queued: Promise<unknown> | undefined;

  static async open(
    live: LiveDatabase,
    { name, rows }: { name: string; rows: number },
  ): Promise<Application> {
    await using stack = new AsyncDisposableStack();
    const sessions: Database[] = [];
    for (let n = 0; n < 5; n += 1) sessions.push(stack.use(await openSession(live)));
    const [main, beside, ...behind] = sessions;
    const own = async (session: Database): Promise<Own> => {
      const [row] = await session.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      return { session, pid: row!.pid };
    };
    return new Application(
      { live, name, rows, main: await own(main!), beside: await own(beside!), behind },
      stack.move(),
    );
  }

  private constructor(
    parts: {
      live: LiveDatabase;
      name: string;
      rows: number;
      main: Own;
      beside: Own;
      behind: readonly Database[];
    },
    stack: AsyncDisposableStack,
  ) {
    this.name = parts.name;
    this.rows = parts.rows;
    this.#live = parts.live;
    this.#main = parts.main;
    this.#beside = parts.beside;
    this.#behind = parts.behind;
    this.#stack = stack;
  }

  /** What others read and write while it works. */
  get table(): string {
    return `${this.name}_doc`;
  }

  async prepare(statements: string): Promise<void> {
    await this.#main.session.run(statements);
    this.#live.remember(0, this.name, await pictureOf(this.#main.session, this.name));
  }

  /** One transaction. */
  async change(work: (session: Database) => Promise<void>): Promise<void> {
    const { session } = this.#main;
    await session.run('BEGIN');
    await work(session);
    const [row] = await session.query<{ n: number }>('UPDATE moment SET n = n + 1 RETURNING n');
    this.#live.remember(row!.n, this.name, await pictureOf(session, this.name));
    await session.run('COMMIT');
  }

  /** Here the transaction may stand open. */
  async stand(): Promise<void> {
    const { hold } = this;
    this.hold = undefined;
    await hold?.();
  }

  /** A statement of the transaction that may have to wait for a backup. */
  async alter(statement: string): Promise<void> {
    await this.#watched(this.#main, statement);
  }

  /** A statement outside of the transaction, which it waits for. */
  beside(statement: string): { readonly waits: Promise<void>; readonly over: Promise<void> } {
    const over = this.#watched(this.#beside, statement);
    over.catch(() => {});
    return { over, waits: this.#untilWaits(this.#beside.pid) };
  }

  /** Contents must not have changed outside of transactions. */
  async requireUnchanged(): Promise<void> {
    const now = await pictureOf(this.#main.session, this.name);
    if (!isDeepStrictEqual(now, this.#live.lastOf(this.name)))
      throw new Error(`${this.name} changed by itself`);
  }

  /** Ends when everything that queued has been answered. */
  async quiet(): Promise<void> {
    await this.#queued;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  async #watched({ session, pid }: Own, statement: string): Promise<void> {
    let over = false;
    const running = session.run(statement).finally(() => (over = true));
    running.catch(() => {});
    while (!over) {
      const held = await this.#live.findHeldUp(pid);
      if (held !== undefined) {
        this.#queueBehind(held.table);
        await running;
      }
      await pause(POLL_MS);
    }
    await running;
  }

  async #untilWaits(pid: number): Promise<void> {
    while (!(await this.#live.isWaiting(pid))) await pause(POLL_MS);
  }

  /** An INSERT, an UPDATE and a SELECT of others, who now wait for the one that waits; unless they do so already. */
  #queueBehind(table: string): void {
    if (this.#queued !== undefined) return;
    const statements = [
      `INSERT INTO ${table} SELECT * FROM ${table} WHERE false`,
      `UPDATE ${table} SET id = id WHERE id = 1`,
      `SELECT count(*) FROM ${table}`,
    ];
    this.#queued = Promise.all(statements.map((statement, n) => this.#queue(this.#behind[n]!, statement)));
    this.#queued.then(
      () => (this.#queued = undefined),
      () => {},
    );
  }

  async #queue(session: Database, statement: string): Promise<void> {
    await session.run('BEGIN');
    const beganMs = performance.now();
    await session.run(statement);
    this.#live.waits.push({ statement, ms: performance.now() - beganMs });
    await session.run('ROLLBACK');
  }
}
