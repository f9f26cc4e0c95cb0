import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Tag, TargetWatch } from './deployment.ts';
import { ORIGINAL } from './deployment.ts';
import { compareTokens, type Token } from '#libs/contracts/stage.ts';

export interface SimDatabase {
  readonly oid: string;
  tag: Tag;
  /** The documents that its rows name. */
  rows: Set<string>;
  open: boolean;
}

/** Bears the token of who acts; once ended, nothing comes of what is sent over it. */
export interface Session {
  readonly token: Token;
  isEnded: boolean;
}

/** One statement or transaction at a time, whole or not at all; databases are known by their names alone. */
export class SimServer {
  readonly databases = new Map<string, SimDatabase>();
  readonly #sessions = new Set<Session>();
  readonly #deployment: string;
  readonly #watch: TargetWatch;
  #oids = 16_384;

  constructor(deployment: string, watch: TargetWatch) {
    this.#deployment = deployment;
    this.#watch = watch;
  }

  get live(): SimDatabase | undefined {
    return this.databases.get(this.#deployment);
  }

  takingConnections(): SimDatabase | undefined {
    return this.live?.open === true ? this.live : undefined;
  }

  createOriginal(name: string): void {
    this.databases.set(name, { oid: this.#nextOid(), tag: ORIGINAL, rows: new Set(), open: true });
  }

  connect(token: Token): Session {
    const session = { token, isEnded: false };
    this.#sessions.add(session);
    return session;
  }

  /** pg_terminate_backend of the run's sessions with an earlier token. */
  endEarlier({ token }: Session): void {
    for (const session of this.#sessions)
      if (session.token.runId === token.runId && compareTokens(session.token, token) < 0) this.end(session);
  }

  end(session: Session): void {
    session.isEnded = true;
    this.#sessions.delete(session);
  }

  /** Names and object ids. */
  list(session: Session): ReadonlyMap<string, string> {
    requireAlive(session);
    return new Map([...this.databases].map(([name, { oid }]) => [name, oid]));
  }

  create(name: string, session: Session): string {
    requireAlive(session);
    if (this.databases.has(name)) throw failed(`database ${name} exists`);
    const oid = this.#nextOid();
    const { token } = session;
    this.databases.set(name, { oid, tag: token.runId, rows: new Set(), open: true });
    this.#act(token, `create ${name}`);
    return oid;
  }

  /** Over a connection to that very database, which is cut when it is dropped or renamed. */
  insert(
    where: { readonly name: string; readonly oid: string },
    rows: readonly string[],
    session: Session,
  ): void {
    requireAlive(session);
    const database = this.databases.get(where.name);
    if (database?.oid !== where.oid) throw failed(`connection to ${where.name} is gone`);
    for (const row of rows) database.rows.add(row);
    this.#act(session.token, `insert into ${where.name}`);
  }

  drop(name: string, session: Session): void {
    requireAlive(session);
    if (!this.databases.delete(name)) throw failed(`database ${name} does not exist`);
    this.#act(session.token, `drop ${name}`);
    this.#watch.onRemoved(this.#deployment, name, session.token);
  }

  allow(name: string, open: boolean, session: Session): void {
    requireAlive(session);
    const database = this.databases.get(name);
    if (database === undefined) throw failed(`database ${name} does not exist`);
    if (database.open === open) return;
    database.open = open;
    this.#act(session.token, `${open ? 'open' : 'close'} ${name}`);
  }

  /** One transaction: all names or none; then `opened` takes connections. */
  rename(
    renames: readonly { readonly from: string; readonly to: string }[],
    opened: string | undefined,
    session: Session,
  ): void {
    requireAlive(session);
    const after = new Map(this.databases);
    for (const { from, to } of renames) {
      const moved = after.get(from);
      if (moved === undefined) throw failed(`database ${from} does not exist`);
      if (after.has(to)) throw failed(`database ${to} exists`);
      after.delete(from);
      after.set(to, moved);
    }
    this.databases.clear();
    for (const [name, database] of after) this.databases.set(name, database);
    if (opened !== undefined) this.databases.get(opened)!.open = true;
    if (renames.length > 0)
      this.#act(session.token, renames.map(({ from, to }) => `${from} → ${to}`).join(', '));
  }

  #act(token: Token, what: string): void {
    this.#watch.onAct({ deployment: this.#deployment, component: 'database', token, what });
  }

  #nextOid(): string {
    this.#oids += 1;
    return String(this.#oids);
  }
}

function requireAlive({ isEnded }: Session): void {
  if (isEnded) throw failed('terminating connection due to administrator command');
}

function failed(reason: string): HoldfastError {
  return new HoldfastError('STEP_FAILED', { reason });
}
