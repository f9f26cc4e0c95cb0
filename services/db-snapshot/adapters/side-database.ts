import type { DatabaseGlobals, SequenceRecord, TableRecord } from '#libs/contracts/database-snapshot.ts';
import type { Adaptation } from '#libs/contracts/adaptation.ts';
import type { Secret } from '#libs/kernel/secret.ts';
import { withDatabase } from '#libs/postgres/address.ts';
import type { Database } from '#libs/postgres/connect.ts';
import { forDatabase } from '#libs/postgres/globals.ts';
import { qualified, quoteName, quoteText } from '#libs/postgres/quote.ts';
import { writeSequences } from '#libs/postgres/sequences.ts';
import { feedTool, requireClient, type ClientTools } from '#libs/postgres/tools.ts';
import type { Acting, Section, SideDatabase } from '../ports.ts';
import { enter, sessionName } from './own-session.ts';
import { dropSessions, holdSchedules } from './schedules.ts';
import type { TargetHost } from './maintenance.ts';

interface Means {
  readonly url: Secret;
  readonly host: TargetHost;
  readonly acting: Acting;
}

/** Missing roles, then the empty database with the source's encoding, locale and owner. */
export async function createSide(
  server: Database,
  { side, globals }: { readonly side: string; readonly globals: DatabaseGlobals },
  { url, host, acting }: Means,
): Promise<SideDatabase> {
  await createRoles(server, globals.roles);
  const keepsOwners = await mayGiveTo(server, globals);
  await server.run(`CREATE DATABASE ${quoteName(side)} ${createOptions(globals, keepsOwners, server)}`);
  return await open(server, { name: side, keepsOwners, commented: true }, { url, host, acting });
}

/** Missing roles; the database is there, its encoding and locale are its own, and its comment says whose it is. */
export async function openSpare(
  server: Database,
  { side, globals }: { readonly side: string; readonly globals: DatabaseGlobals },
  means: Means,
): Promise<SideDatabase> {
  await createRoles(server, globals.roles);
  const keepsOwners = await mayGiveTo(server, globals);
  return await open(server, { name: side, keepsOwners, commented: false }, means);
}

async function open(
  server: Database,
  kind: Pick<SideParts, 'name' | 'keepsOwners' | 'commented'>,
  { url, host, acting }: Means,
): Promise<SideDatabase> {
  const [row] = await server.query<{ oid: string }>(
    'SELECT oid::text AS oid FROM pg_database WHERE datname = $1',
    [kind.name],
  );
  const tools = await requireClient(server.serverMajor, host.pgBin);
  const address = withDatabase(url, kind.name);
  const database = await enter(address, acting);
  return new Side({ ...kind, database, tools, url: address, acting, oid: row!.oid });
}

async function createRoles(server: Database, roles: DatabaseGlobals['roles']): Promise<void> {
  const present = await server.query<{ name: string }>('SELECT rolname AS name FROM pg_roles');
  const names = new Set(present.map(({ name }) => name));
  const missing = roles.filter(({ name }) => !names.has(name));
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

function createOptions(globals: DatabaseGlobals, keepsOwners: boolean, server: Database): string {
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

interface SideParts extends Omit<Means, 'host'> {
  readonly database: Database;
  readonly tools: ClientTools;
  readonly keepsOwners: boolean;
  /** The comment is the source's too. */
  readonly commented: boolean;
  readonly name: string;
  readonly oid: string;
}

class Side implements SideDatabase {
  readonly #parts: SideParts;

  constructor(parts: SideParts) {
    this.#parts = parts;
  }

  get oid(): string {
    return this.#parts.oid;
  }

  async restore(section: Section, archive: AsyncIterable<Buffer>): Promise<void> {
    const { tools, url, acting, keepsOwners } = this.#parts;
    // The program's session cannot ask by itself.
    await acting.requireLatest();
    await feedTool(
      'pg_restore',
      {
        tools,
        url,
        signal: acting.signal,
        applicationName: sessionName(acting.token),
        arguments: [
          '--exit-on-error',
          '--no-tablespaces',
          `--section=${section}`,
          ...(keepsOwners ? [] : ['--no-owner']),
        ],
      },
      archive,
    );
  }

  async fill(table: TableRecord, data: AsyncIterable<Buffer>): Promise<void> {
    // Without a list COPY takes every column that is not generated, which here is none.
    const columns = table.columns.length === 0 ? '' : `(${table.columns.map(quoteName).join(', ')})`;
    await this.#parts.database.copyIn(
      `COPY ${qualified(table)} ${columns} FROM STDIN (FORMAT ${table.format})`,
      data,
    );
  }

  async adapt({ sessions, schedules }: Adaptation): Promise<{ sessionsDropped: number; held: string[] }> {
    const { database } = this.#parts;
    const dropped = sessions === 'drop' ? await dropSessions(database) : 0;
    return { sessionsDropped: dropped, held: schedules === 'hold' ? await holdSchedules(database) : [] };
  }

  async setSequences(records: AsyncIterable<SequenceRecord>): Promise<void> {
    await writeSequences(this.#parts.database, records);
  }

  async finish(globals: DatabaseGlobals): Promise<void> {
    const { database, name, commented } = this.#parts;
    const quoted = quoteName(name);
    const statements = [
      ...globals.grants.map((grant) => forDatabase(grant, name)),
      ...globals.settings.map((setting) => forDatabase(setting, name)),
      ...(globals.comment === null || !commented
        ? []
        : [`COMMENT ON DATABASE ${quoted} IS ${quoteText(globals.comment)}`]),
      ...(globals.connectionLimit === -1
        ? []
        : [`ALTER DATABASE ${quoted} CONNECTION LIMIT ${globals.connectionLimit}`]),
      'ANALYZE',
    ];
    for (const statement of statements) await database.run(statement);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.database[Symbol.asyncDispose]();
  }
}
