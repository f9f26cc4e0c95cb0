import { availableParallelism } from 'node:os';
import type { DatabaseGlobals, LargeObjectRecord } from '#libs/contracts/database-snapshot.ts';
import type { Spec } from '#libs/contracts/spec.ts';
import type { Secret } from '#libs/kernel/secret.ts';
import { parseAddress, withDatabase } from '#libs/postgres/address.ts';
import { connectDatabase, type Database } from '#libs/postgres/connect.ts';
import { readDatabaseFacts } from '#libs/postgres/globals.ts';
import { proveSlices } from '#libs/postgres/prove.ts';
import { qualified, quoteName, quoteText, type ObjectName } from '#libs/postgres/quote.ts';
import { readRoles } from '#libs/postgres/roles.ts';
import { readSequences } from '#libs/postgres/sequences.ts';
import { Sessions } from '#libs/postgres/sessions.ts';
import { describeTables, type DataTable, type Slice } from '#libs/postgres/tables.ts';
import { readTool, type ClientTools } from '#libs/postgres/tools.ts';
import type { DocumentRule, NamedFile } from '../domain/document-rows.ts';
import { tableText } from '../domain/find-table.ts';
import type { FrozenSource, LeftOut, SnapshotReader } from '../ports.ts';
import { listLargeObjects } from './large-objects.ts';
import type { Locked } from './lock-tables.ts';
import { administratorOf } from './maintenance.ts';
import { findExtensionRows, findUncopied } from './uncopied.ts';
import { findSystemGrants, WITHOUT_SYSTEM_GRANTS } from './system-grants.ts';
import { readSourceFacts } from './source-facts.ts';
import type { SourceHost } from './source.ts';

/** Rows of one fetch; a path is rarely longer than a kilobyte. */
const FETCH_ROWS = 2_000;
/** One more than processors: while a session waits for the next rows another one has some. */
const READERS = availableParallelism() + 1;

interface Parts {
  readonly url: Secret;
  readonly spec: Spec;
  readonly host: SourceHost;
  readonly client: ClientTools;
  readonly locked: Locked;
  /** Content hashes of all tables are those of their text. */
  readonly portable: boolean;
  readonly signal: AbortSignal;
  /** Session and watcher; taken over once the source stands. */
  readonly owned: AsyncDisposableStack;
}

/** The session that holds the locks and the moment; its end releases both. */
export class Frozen implements FrozenSource {
  readonly #parts: Parts;
  readonly #readers: Sessions;
  readonly #withoutSystemGrants: boolean;
  readonly tables: readonly DataTable[];
  readonly facts: FrozenSource['facts'];
  readonly leftOut: readonly LeftOut[];

  static async open(parts: Parts): Promise<Frozen> {
    const { database, relations, snapshot } = parts.locked;
    const found = await describeTables(database, relations);
    const tables = parts.portable ? found.map((table) => ({ ...table, algorithm: 'text' as const })) : found;
    const read = {
      tables,
      facts: await readSourceFacts(database, relations),
      systemGrants: await findSystemGrants(
        database,
        parseAddress(administratorOf(parts.spec, parts.host)).user,
      ),
      leftOut: [
        ...(await findUncopied(database)),
        ...(await findExtensionRows(database)),
        ...tables.filter(({ oid }) => parts.locked.unreadable.has(oid)).map(unreadableEntry),
      ],
    };
    const readers = await Sessions.open(READERS, () => join(parts, snapshot));
    parts.owned.use(readers);
    return new Frozen({ ...parts, owned: parts.owned.move() }, readers, read);
  }

  private constructor(
    parts: Parts,
    readers: Sessions,
    read: Pick<FrozenSource, 'tables' | 'facts' | 'leftOut'> & { readonly systemGrants: readonly LeftOut[] },
  ) {
    this.#parts = parts;
    this.#readers = readers;
    this.tables = read.tables;
    this.facts = read.facts;
    this.leftOut = [...read.leftOut, ...read.systemGrants];
    this.#withoutSystemGrants = read.systemGrants.length > 0;
  }

  get mark() {
    return this.#parts.locked.mark;
  }

  get relations() {
    return this.#parts.locked.relations;
  }

  get unreadable() {
    return this.#parts.locked.unreadable;
  }

  get #administrator(): Secret {
    const { spec, host } = this.#parts;
    return withDatabase(administratorOf(spec, host), this.#database.address.database);
  }

  get #database(): Database {
    return this.#parts.locked.database;
  }

  structure(): AsyncIterable<Buffer> {
    const { url, client, locked, signal } = this.#parts;
    const { unreadable } = locked;
    return readTool('pg_dump', {
      tools: client,
      // Who may not read a table may not dump its structure either.
      url: unreadable.size === 0 ? url : this.#administrator,
      signal,
      arguments: [
        '--format=custom',
        '--compress=0',
        '--section=pre-data',
        '--section=post-data',
        `--snapshot=${locked.snapshot}`,
        // It locks what we have locked already; behind a waiting ALTER it must not wait, for all would wait for it.
        '--lock-wait-timeout=1500',
        '--no-subscriptions',
        '--no-blobs',
        ...(this.#withoutSystemGrants ? [WITHOUT_SYSTEM_GRANTS] : []),
      ],
    });
  }

  async reading<T>(work: (reader: SnapshotReader) => Promise<T>): Promise<T> {
    return await this.#readers.use((database) =>
      work({
        copy: (table, slice, onEnd) => database.copyOut(copyStatement(table, slice), onEnd),
        prove: (tables) => proveSlices(database, tables),
      }),
    );
  }

  async *documents(
    rule: DocumentRule,
    table: { readonly schema: string; readonly name: string },
  ): AsyncIterable<NamedFile> {
    const text = (column: string | undefined) => (column === undefined ? 'NULL' : `t.${quoteName(column)}`);
    const path = `${text(rule.path)}::text`;
    const digest = await this.#digestText(rule, table);
    await this.#database.query(
      `DECLARE holdfast_documents NO SCROLL CURSOR FOR
         SELECT ${path} AS path, ${digest} AS sha256, ${text(rule.size)}::bigint::text AS size
           FROM ${qualified(table)} t WHERE ${path} <> '' AND starts_with(${path}, $1)`,
      [rule.prefix],
    );
    for (;;) {
      const rows = await this.#database.query<NamedFile>(`FETCH ${FETCH_ROWS} FROM holdfast_documents`);
      if (rows.length === 0) break;
      yield* rows;
    }
    await this.#database.run('CLOSE holdfast_documents');
  }

  largeObjects(): AsyncIterable<LargeObjectRecord> {
    return listLargeObjects(this.#database);
  }

  async sequences() {
    return await readSequences(this.#database);
  }

  /** Through the administrator where one is declared: only he sees password hashes. */
  async globals(): Promise<{ globals: DatabaseGlobals; leftOut: readonly LeftOut[] }> {
    const { signal } = this.#parts;
    const own = await readDatabaseFacts(this.#database);
    await using cluster = await connectDatabase(this.#administrator, { signal });
    const { roles, passwords } = await readRoles(cluster);
    const hidden = {
      what: 'passwords of roles',
      reason: 'the server does not show them to this role; declare database.restoreUrl of an administrator',
      partial: false,
    };
    return { globals: { ...own, roles }, leftOut: passwords ? [] : [hidden] };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.owned.disposeAsync();
  }

  async #digestText(
    rule: DocumentRule,
    table: { readonly schema: string; readonly name: string },
  ): Promise<string> {
    if (rule.sha256 === undefined) return 'NULL';
    const column = `t.${quoteName(rule.sha256)}`;
    const [type] = await this.#database.query<{ bytes: boolean }>(
      `SELECT atttypid = 'bytea'::regtype AS bytes FROM pg_attribute
        WHERE attrelid = $1::regclass AND attname = $2`,
      [qualified(table), rule.sha256],
    );
    return type?.bytes === true ? `encode(${column}, 'hex')` : `${column}::text`;
  }
}

/** Another session at the same moment; the one that holds the locks lives longer. */
async function join({ url, signal }: Parts, snapshot: string): Promise<Database> {
  const database = await connectDatabase(url, { signal });
  try {
    await database.run('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    await database.run(`SET TRANSACTION SNAPSHOT ${quoteText(snapshot)}`);
    // The sums of a table's slices, of 32 MiB each, stay in memory: 4 MB are enough for half a terabyte.
    await database.run(`SET LOCAL work_mem = '64MB'`);
    return database;
  } catch (error) {
    await database[Symbol.asyncDispose]();
    throw error;
  }
}

function copyStatement(table: DataTable, { where }: Slice): string {
  const from = `FROM ${table.throughRoot ? '' : 'ONLY'} ${qualified(table)} ${where === '' ? '' : `WHERE ${where}`}`;
  return `COPY (SELECT ${table.columns.map(quoteName).join(', ')} ${from}) TO STDOUT (FORMAT ${table.format})`;
}

function unreadableEntry(table: ObjectName): LeftOut {
  return {
    what: tableText(table),
    reason: 'DATABASE_PRIVILEGE_MISSING: the role may not read it; its structure is kept, its rows are not',
    partial: true,
  };
}
