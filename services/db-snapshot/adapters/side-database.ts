import { availableParallelism } from 'node:os';
import type {
  DatabaseGlobals,
  LargeObjectRecord,
  SequenceRecord,
  SliceRecord,
  TableRecord,
} from '#libs/contracts/database-snapshot.ts';
import type { Adaptation } from '#libs/contracts/adaptation.ts';
import type { Secret } from '#libs/kernel/secret.ts';
import { withDatabase } from '#libs/postgres/address.ts';
import type { Database } from '#libs/postgres/connect.ts';
import { forDatabase } from '#libs/postgres/globals.ts';
import { proveTable, type Proof } from '#libs/postgres/prove.ts';
import { quoteName } from '#libs/postgres/quote.ts';
import { readSequences, writeSequences } from '#libs/postgres/sequences.ts';
import { Sessions } from '#libs/postgres/sessions.ts';
import { requireClient, type ClientTools } from '#libs/postgres/tools.ts';
import type { Acting, Adapted, Finished, SideDatabase } from '../ports.ts';
import { analyzeAll } from './analyze.ts';
import { Builder } from './builder.ts';
import { createOptions, createRoles, mayGiveTo } from './create-options.ts';
import { restoreLargeObjects } from './large-objects.ts';
import { loadSlice } from './load-slice.ts';
import { enter } from './own-session.ts';
import { dropSessions, holdSchedules } from './schedules.ts';
import { readFinished, stageComment } from './stage-comment.ts';
import { DROP_MARKS, StageMarks } from './stage-marks.ts';
import { Structure } from './structure.ts';
import { watchMade } from './watch-made.ts';
import type { TargetHost } from './maintenance.ts';

/** Above it a table's indexes are built while other tables are loaded; below they are as fast all together. */
const OWN_BUILD_BYTES = 8 * 1024 * 1024;
/** As when they are read: while one waits for the next rows another one has some. */
const LOADERS = availableParallelism() + 1;

interface Means {
  readonly url: Secret;
  readonly host: TargetHost;
  readonly acting: Acting;
}

interface Place {
  readonly side: string;
  /** Of the run's names. */
  readonly prefix: string;
  readonly globals: DatabaseGlobals;
}

/** Missing roles, then the empty database with the source's encoding, locale and owner. */
export async function createSide(server: Database, place: Place, means: Means): Promise<SideDatabase> {
  const { side, globals } = place;
  const keepsOwners = await prepareRoles(server, globals);
  await server.run(`CREATE DATABASE ${quoteName(side)} ${createOptions(globals, keepsOwners, server)}`);
  return await open(server, place, { ...means, keepsOwners });
}

/**
 * The database is there, made by an earlier worker or by an administrator; in the latter case its encoding and locale
 * are its own. Goes on where a worker of the run stopped in it.
 */
export async function openSide(server: Database, place: Place, means: Means): Promise<SideDatabase> {
  return await open(server, place, { ...means, keepsOwners: await prepareRoles(server, place.globals) });
}

/** Makes those that are missing; returns whether objects can be given to their owners. */
async function prepareRoles(server: Database, globals: DatabaseGlobals): Promise<boolean> {
  await createRoles(server, globals.roles);
  return await mayGiveTo(server, globals);
}

async function open(
  server: Database,
  { side, prefix }: Place,
  { url, host, acting, keepsOwners }: Means & Pick<SideParts, 'keepsOwners'>,
): Promise<SideDatabase> {
  const [row] = await server.query<{ oid: string }>(
    'SELECT oid::text AS oid FROM pg_database WHERE datname = $1',
    [side],
  );
  const tools = await requireClient(server.serverMajor, host.pgBin);
  const address = withDatabase(url, side);
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await enter(address, acting));
  const loaders = stack.use(
    await Sessions.open(LOADERS, async () => {
      const session = await enter(address, acting);
      // What is lost with the server's memory is lost with its mark; the last commit of all is waited for.
      await session.run('SET synchronous_commit = off');
      return session;
    }),
  );
  const finished = await readFinished(server, side, prefix);
  const marks = finished === undefined ? await StageMarks.open(database) : StageMarks.none();
  const means = { url: address, tools, acting, keepsOwners, serverMajor: server.serverMajor };
  return new Side({
    ...means,
    database,
    loaders,
    marks,
    finished,
    name: side,
    prefix,
    oid: row!.oid,
    owned: stack.move(),
  });
}

interface SideParts {
  readonly database: Database;
  readonly loaders: Sessions;
  readonly marks: StageMarks;
  readonly url: Secret;
  readonly tools: ClientTools;
  readonly acting: Acting;
  readonly keepsOwners: boolean;
  readonly serverMajor: number;
  readonly finished: Finished | undefined;
  readonly name: string;
  readonly prefix: string;
  readonly oid: string;
  readonly owned: AsyncDisposableStack;
}

class Side implements SideDatabase {
  readonly #parts: SideParts;
  #builder: Builder | undefined;

  constructor(parts: SideParts) {
    this.#parts = parts;
  }

  get oid(): string {
    return this.#parts.oid;
  }

  get finished(): Finished | undefined {
    return this.#parts.finished;
  }

  async restoreStructure(
    archive: AsyncIterable<Buffer>,
    onShare: (share: number) => void,
    only?: ReadonlySet<number>,
  ): Promise<void> {
    const { database, loaders, marks, owned } = this.#parts;
    const structure = owned.use(await Structure.open(archive, this.#parts, only));
    const present = marks.has('structure') ? await structure.findPresent() : new Set<string>();
    this.#builder = new Builder({ structure, database, loaders, marks }, present);
    if (marks.has('structure')) return;
    const watching = { sessions: loaders, kind: 'tables', wanted: structure.tables, onShare } as const;
    await watchMade(watching, () => structure.restoreEarly());
    await marks.add(database, 'structure');
  }

  async restoreLargeObjects(
    records: AsyncIterable<LargeObjectRecord>,
    stage: 'made' | 'given',
  ): Promise<void> {
    const { database, marks, keepsOwners } = this.#parts;
    await restoreLargeObjects(database, records, { stage, marks, keepsOwners });
  }

  async load(table: TableRecord, read: (slice: SliceRecord) => AsyncIterable<Buffer>): Promise<void> {
    const { loaders, marks } = this.#parts;
    const loading = table.slices.map(async (slice, n) => {
      const part = `rows ${table.oid} ${n}`;
      if (marks.has(part)) return;
      await loaders.use(async (session) => {
        await session.run('BEGIN');
        await loadSlice(session, table, read(slice));
        await marks.add(session, part);
        await session.run('COMMIT');
      });
    });
    await Promise.all(loading);
  }

  async buildIndexes(table: TableRecord, onShare: (share: number) => void): Promise<void> {
    const bytes = table.slices.reduce((sum, slice) => sum + slice.bytes, 0);
    if (bytes >= OWN_BUILD_BYTES) await this.#builder!.buildIndexesOf(table.oid, onShare);
  }

  async adapt({ sessions, schedules }: Adaptation): Promise<Adapted> {
    const { database, marks } = this.#parts;
    const done = marks.told('adapted');
    if (done !== undefined) return done as unknown as Adapted;
    await database.run('BEGIN');
    const sessionsDropped = sessions === 'drop' ? await dropSessions(database) : 0;
    const held = schedules === 'hold' ? await holdSchedules(database) : [];
    await marks.add(database, 'adapted', { sessionsDropped, held });
    await database.run('COMMIT');
    return { sessionsDropped, held };
  }

  async sequences(): Promise<readonly SequenceRecord[]> {
    return await readSequences(this.#parts.database);
  }

  async setSequences(records: AsyncIterable<SequenceRecord>): Promise<void> {
    await writeSequences(this.#parts.database, records);
  }

  async restoreLate(onShare: (share: number) => void): Promise<readonly string[]> {
    const [builder, sessions] = [this.#builder!, this.#parts.loaders];
    const watching = { sessions, kind: 'indexesAndKeys', wanted: builder.left, onShare } as const;
    return await watchMade(watching, () => builder.buildAll());
  }

  async finish({ grants, settings, connectionLimit }: DatabaseGlobals, finished: Finished): Promise<void> {
    const { database, name, prefix, loaders } = this.#parts;
    await analyzeAll(database, loaders);
    const statements = [
      'BEGIN',
      DROP_MARKS,
      stageComment(name, prefix, finished),
      ...[...grants, ...settings].map((each) => forDatabase(each, name)),
      `ALTER DATABASE ${quoteName(name)} CONNECTION LIMIT ${connectionLimit}`,
      await this.#builder!.eventTriggers(),
      'COMMIT',
    ];
    await database.run(statements.join(';\n'), 'the end of a restore');
  }

  async prove(table: TableRecord): Promise<Proof> {
    const provable = { ...table, algorithm: table.contentHash.algorithm };
    return await this.#parts.loaders.use((session) => proveTable(session, provable));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.owned.disposeAsync();
  }
}
