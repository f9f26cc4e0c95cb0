import type {
  DatabaseFacts,
  DatabaseGlobals,
  LargeObjectRecord,
  SequenceRecord,
  SliceRecord,
  TableRecord,
} from '#libs/contracts/database-snapshot.ts';
import type { StagedDatabase, TakeSnapshotOutcome } from '#libs/contracts/requests.ts';
import type { Spec } from '#libs/contracts/spec.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import type { PinnedSpec } from '#libs/runtime/spec-store.ts';
import type { Adaptation } from '#libs/contracts/adaptation.ts';
import type { Clock } from '#libs/kernel/clock.ts';
import type { Problem } from '#libs/kernel/errors.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { DataTable, Slice } from '#libs/postgres/tables.ts';
import type { Proof, SlicedProof } from '#libs/postgres/prove.ts';
import type { TocEntry } from '#libs/postgres/toc.ts';
import type { Repository } from '#libs/repository/port.ts';
import type { CodeMigrations } from './domain/migrations.ts';
import type { DocumentRule, NamedFile } from './domain/document-rows.ts';

export type LeftOut = TakeSnapshotOutcome['leftOut'][number];

/** What a preflight found; it touches nothing. */
export interface Examination {
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
  readonly facts: Json;
}

/** The database under protection. */
export interface Source {
  examine(spec: Spec, signal: AbortSignal): Promise<Examination>;
  /** How much is there now: rows per table, large tables as the server estimates them, old databases kept. */
  survey(spec: Spec, signal: AbortSignal): Promise<Examination>;
  /**
   * Locks every table against change of shape, then fixes the moment. Throws DATABASE_CONTENDED when locks are not
   * to be had, DATABASE_CHANGED_MEANWHILE when tables kept changing while they were taken. Nothing is held after
   * disposal. `portable`: content hashes of all tables are those of their text.
   */
  freeze(spec: Spec, wanted: { readonly portable: boolean }, signal: AbortSignal): Promise<FrozenSource>;
}

/** A session at the frozen moment. */
export interface SnapshotReader {
  /** A piece is valid until the next one is asked for. `onEnd` is told how many rows the server says it sent. */
  copy(table: DataTable, slice: Slice, onEnd: (rows: number) => void): AsyncIterable<Buffer>;
  /** By another query than the copy, of whole tables; also what of each lies in its slices. In the order of `tables`. */
  prove(tables: readonly DataTable[]): Promise<readonly SlicedProof[]>;
}

/** One moment of the database. */
export interface FrozenSource extends AsyncDisposable {
  readonly mark: string;
  /** Those whose rows are copied, in the order of their names. */
  readonly tables: readonly DataTable[];
  /** Object ids of tables whose rows the role may not read: they are named as left out. */
  readonly unreadable: ReadonlySet<string>;
  readonly relations: readonly { readonly schema: string; readonly name: string }[];
  /** What no backup of ours holds, beyond what the spec excludes. */
  readonly leftOut: readonly LeftOut[];
  readonly facts: Omit<DatabaseFacts, 'tables' | 'rows' | 'sequences' | 'documents' | 'rowsByTable'>;
  /** All but rows, as an archive of pg_dump. */
  structure(): AsyncIterable<Buffer>;
  /** As many at once as there are sessions; who comes later waits. */
  reading<T>(work: (reader: SnapshotReader) => Promise<T>): Promise<T>;
  documents(
    rule: DocumentRule,
    table: { readonly schema: string; readonly name: string },
  ): AsyncIterable<NamedFile>;
  /** Their content is rows of `tables`. Not beside `documents`. */
  largeObjects(): AsyncIterable<LargeObjectRecord>;
  /** Outside the moment: what was issued by now. */
  sequences(): Promise<readonly SequenceRecord[]>;
  globals(): Promise<{ readonly globals: DatabaseGlobals; readonly leftOut: readonly LeftOut[] }>;
}

/**
 * Whose act it is. The step's first session ends those of the run's earlier workers, and every one is refused with
 * STAGE_GONE when there is a later one.
 */
export type Acting = Pick<StepContext, 'token' | 'requireLatest' | 'signal'>;

/** The server that a restore writes to; never the live database itself but by `switchTo`. */
export interface Target {
  examine(
    spec: Spec,
    needs: { readonly facts: DatabaseFacts; readonly globals: DatabaseGlobals } | undefined,
    signal: AbortSignal,
  ): Promise<Examination>;
  /**
   * Drops this run's side databases of a lower token, makes missing roles, and creates the side database afresh. Throws
   * STAGE_GONE when a later one is there. A spare database is taken as it is when it is empty, or emptied when this run
   * filled it; else DATABASE_SAME_TARGET.
   */
  create(
    spec: Spec,
    place: { readonly side: string; readonly prefix: string; readonly globals: DatabaseGlobals },
    acting: Acting,
  ): Promise<SideDatabase>;
  /** Name of the database that the application uses. */
  liveName(spec: Spec): string;
  /** Of the one that a restore fills where none can be made; undefined when it makes one. */
  spareName(spec: Spec): string | undefined;
  /**
   * Forward from wherever it stopped: one transaction, after the side database was renamed to the token of who acts.
   * Throws DATABASE_MISSING when it is gone, STAGE_GONE when it has a later token.
   */
  pivot(spec: Spec, staged: StagedDatabase, acting: Acting): Promise<readonly string[]>;
  undo(spec: Spec, staged: StagedDatabase, acting: Acting): Promise<readonly string[]>;
  /** Databases dropped, or emptied where it is the spare one and this run filled it. */
  discard(spec: Spec, prefix: string, acting: Acting): Promise<readonly string[]>;
  /** Those of these names, and of names that begin so, which are there; returns them. Of a pair the one that is not live is emptied. */
  drop(
    spec: Spec,
    kept: { readonly names: readonly string[]; readonly prefixes: readonly string[] },
    acting: Acting,
  ): Promise<readonly string[]>;
  /** In the live database; names of the tasks that were enabled. */
  enableSchedules(spec: Spec, names: readonly string[], acting: Acting): Promise<readonly string[]>;
  /** The spare one as well: the env file may name it before all is switched. Sessions ended; undefined when there is no such database. Neither changes what is closed, or open, already. */
  close(spec: Spec, acting: Acting): Promise<number | undefined>;
  open(spec: Spec, acting: Acting): Promise<boolean>;
}

/** What the restored database has not, on purpose: sessions, and due tasks by name, which are held from now on. */
export interface Adapted {
  readonly sessionsDropped: number;
  readonly held: string[];
}

/** What a restore that is done tells of its database. */
export type Finished = StagedDatabase['adapted'];

/** A database of the restore's own. Disposal ends the session and leaves the database. */
export interface SideDatabase extends AsyncDisposable {
  readonly oid: string;
  /** Where an earlier worker of the run did all of it: nothing is left to do. */
  readonly finished: Finished | undefined;
  /** What comes before rows; what comes after them is kept for `load` and `restoreLate`. All, or these dump ids. `onShare` is told each part of it that is made. */
  restoreStructure(
    archive: AsyncIterable<Buffer>,
    onShare: (share: number) => void,
    only?: ReadonlySet<number>,
  ): Promise<void>;
  /** `made` before `load`, empty; `given` after it, to their owners, with comments and grants. */
  restoreLargeObjects(records: AsyncIterable<LargeObjectRecord>, stage: 'made' | 'given'): Promise<void>;
  /** Several at once; what an earlier worker loaded is not read again. */
  load(table: TableRecord, read: (slice: SliceRecord) => AsyncIterable<Buffer>): Promise<void>;
  /** Of a table that is loaded, while others are; those of small tables come with all else. `onShare` is told each part of them that stands. */
  buildIndexes(table: TableRecord, onShare: (share: number) => void): Promise<void>;
  /** Before triggers are there. */
  adapt(adaptation: Adaptation): Promise<Adapted>;
  /** Those that are there. */
  sequences(): Promise<readonly SequenceRecord[]>;
  setSequences(records: AsyncIterable<SequenceRecord>): Promise<void>;
  /** Indexes, keys, triggers and all else but event triggers. Returns foreign keys that the rows break: those hold for rows to come. */
  restoreLate(onShare: (share: number) => void): Promise<readonly string[]>;
  /** Statistics; then, all or nothing, that it is `finished`, the database's own grants, settings and limit, and event triggers, which would see all the rest. */
  finish(globals: DatabaseGlobals, finished: Finished): Promise<void>;
  /** What a table holds now, by another query than the one that loaded it. Several at once. */
  prove(table: TableRecord): Promise<Proof>;
}

export interface DbSnapshotPorts {
  readonly source: Source;
  readonly target: Target;
  readonly repository: Repository;
  /** Archives of structure, which are read without a server. */
  readonly archives: {
    /** Throws DATABASE_CLIENT_TOO_OLD, TOOL_FAILED. */
    list(archive: AsyncIterable<Buffer>, signal: AbortSignal): Promise<readonly TocEntry[]>;
  };
  /** What the application's code would migrate to. */
  readonly code: { migrations(spec: Spec): Promise<CodeMigrations> };
  readonly specs: { read(pinned: PinnedSpec, signal: AbortSignal): Promise<Spec> };
  readonly clock: Clock;
}
