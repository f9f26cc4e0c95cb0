import type { DocumentRow, SequenceRecord, TableRecord } from '#libs/contracts/database-snapshot.ts';
import type { Check, SnapshotRef } from '#libs/contracts/requests.ts';
import type { ScrubbedStore, WhichStore } from '#libs/contracts/care.ts';
import type { Damage } from '#libs/replica/find-damage.ts';
import type { Relocation } from '#libs/contracts/relocation.ts';
import type { Sandbox } from '#libs/contracts/sandbox.ts';
import type { HoldfastError } from '#libs/kernel/errors.ts';
import type { Secret } from '#libs/kernel/secret.ts';
import type { Clock } from '#libs/kernel/clock.ts';
import type { SecretRef, Spec } from '#libs/contracts/spec.ts';
import type { Token } from '#libs/contracts/stage.ts';
import type { Proof, Provable } from '#libs/postgres/prove.ts';
import type { SchemaDigests } from '#libs/postgres/schema-digests.ts';
import type { Snapshot, StreamRef } from '#libs/repository/port.ts';
import type { TreeRecord } from '#libs/contracts/tree-snapshot.ts';

/** What the source said, read from sealed snapshots; nothing here is written by the verifier. */
export interface Evidence {
  /** Throws SNAPSHOT_DAMAGED, OBJECT_MISSING when the snapshot is not the one the digest names. */
  requireSnapshot(ref: SnapshotRef, signal: AbortSignal): Promise<Pick<Snapshot, 'takenAt' | 'facts'>>;
  /**
   * Packs that hold the snapshot's chunks now. Where a list of what it needs cannot be read: those it was written with,
   * and why. Throws as `requireSnapshot` does.
   */
  neededPacks(
    ref: SnapshotRef,
    signal: AbortSignal,
  ): Promise<{ readonly packs: Iterable<string>; readonly unreadable?: HoldfastError }>;
  tables(ref: SnapshotRef, signal: AbortSignal): AsyncIterable<TableRecord>;
  sequences(ref: SnapshotRef, signal: AbortSignal): AsyncIterable<SequenceRecord>;
  documents(ref: SnapshotRef, signal: AbortSignal): AsyncIterable<DocumentRow>;
  listing(ref: SnapshotRef, signal: AbortSignal): AsyncIterable<TreeRecord>;
  /** A small file of a listing. */
  content(data: StreamRef, signal: AbortSignal): Promise<Buffer>;
  /** Re-reads a whole pack and opens every chunk. Throws PACK_DAMAGED. */
  verifyPack(name: string, signal: AbortSignal): Promise<{ readonly bytes: number }>;
  /** Committed backups whose manifest is authentic, newest first. */
  backups(
    deployment: string,
    signal: AbortSignal,
  ): AsyncIterable<{ readonly backupId: string; readonly snapshots: readonly SnapshotRef[] }>;
  hasPack(name: string, signal: AbortSignal): Promise<boolean>;
  /** The packs that each committed backup of this repository cites; a damaged manifest cites none. */
  packsOfBackups(signal: AbortSignal): AsyncIterable<readonly string[]>;
}

/**
 * Reads a store again: packs from where its ledger ended, and all that is small. Undefined where there is no second
 * store, or nothing in it yet. Stopped, it goes on at the next batch.
 */
export type Scrub = (
  store: WhichStore,
  wish: { readonly every: string; readonly since: string; readonly bytesPerSecond?: number | undefined },
  how: {
    readonly signal: AbortSignal;
    readonly onProgress: (done: { readonly bytes: number; readonly bytesTotal: number }) => void;
  },
) => Promise<
  (Pick<ScrubbedStore, 'packs' | 'bytes' | 'records'> & { readonly damaged: readonly Damage[] }) | undefined
>;

/** A database looked at by queries of our own: not the ones that copied it. */
export interface DatabaseView extends AsyncDisposable {
  readonly serverMajor: number;
  tables(): Promise<readonly { readonly schema: string; readonly name: string }[]>;
  schema(): Promise<SchemaDigests>;
  /** Several at once; who comes when all sessions are busy waits. */
  prove(table: Provable): Promise<Proof>;
  countTrue(column: {
    readonly schema: string;
    readonly name: string;
    readonly column: string;
  }): Promise<number>;
  sequences(): Promise<readonly SequenceRecord[]>;
  /** Foreign keys by name with the number of rows whose parent is missing; only those above zero. */
  orphans(): Promise<readonly { readonly constraint: string; readonly rows: number }[]>;
}

export interface Databases {
  open(spec: Spec, database: string, signal: AbortSignal): Promise<DatabaseView>;
}

/** A tree looked at with this service's own walk. */
export interface Trees {
  /**
   * Every entry below the folder (or the single file itself), path as latin1 text of its bytes; folders before their
   * content, names in byte order, as a listing has them.
   */
  walk(
    path: string,
    options: { readonly digest: boolean; readonly signal: AbortSignal },
  ): AsyncIterable<SeenEntry>;
  /** A small file. */
  read(path: string): Promise<Buffer>;
}

export interface SeenEntry {
  readonly path: string;
  readonly kind: 'folder' | 'file' | 'symlink' | 'other';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeNs: bigint;
  readonly bytes: number;
  /** SHA-256, empty when not asked for. */
  readonly sha256: string;
  readonly target: string;
  /** Device and inode, to see hard links. */
  readonly inode: string;
  /** How many names the inode has. */
  readonly links: number;
}

/** Asks the running application over HTTP. */
export interface Application {
  statusOf(url: string, signal: AbortSignal): Promise<number>;
}

/** Verdicts are kept: create-only objects per backup. */
export interface Verdicts {
  record(deployment: string, backupId: string, verdict: Verdict): Promise<void>;
  list(deployment: string, backupId: string, signal: AbortSignal): Promise<readonly Verdict[]>;
}

export interface Verdict {
  readonly runId: string;
  /** Step of the run that found it. */
  readonly step: string;
  /** Of which store it speaks; absent: of the first. */
  readonly store?: WhichStore;
  readonly at: string;
  readonly level: number;
  readonly ok: boolean;
  readonly checks: readonly Check[];
  readonly notChecked: readonly string[];
}

/** Places for drills, each named by who made it; a new verifier removes those whose owner is gone. */
export interface Sandboxes {
  /** What earlier workers of the run left is removed first. Throws TOOL_MISSING, DATABASE_UNSUPPORTED with each missing extension. */
  open(
    wish: SandboxWish,
    signal: AbortSignal,
  ): Promise<{ readonly sandbox: Sandbox; readonly relocation: Relocation }>;
  /** All of the run, or the one that `token` made. False when there was none. */
  close(of: { readonly runId: string } | Token, spec: Spec, signal: AbortSignal): Promise<boolean>;
}

export interface SandboxWish {
  readonly token: Token;
  readonly spec: Spec;
  readonly needs: { readonly extensions: readonly string[]; readonly serverMajor: number };
}

/** Small text files of restored places, as they lie in the sandbox. */
export interface RestoredTexts {
  read(folder: string, signal: AbortSignal): AsyncIterable<{ readonly path: string; readonly text: string }>;
}

/** The restored application, run where nothing but its copy can be reached. */
export interface Enclosure {
  /** Asks it everything at once; nothing of it runs when the system cannot enclose it, or a probe got out. */
  ask(wish: EnclosedWish, signal: AbortSignal): Promise<EnclosedAnswer>;
}

export interface EnclosedWish {
  readonly spec: Spec;
  readonly application: NonNullable<Spec['application']>;
  readonly sandbox: Sandbox;
  readonly socket: NonNullable<Sandbox['socket']>;
  /** Chooses the sampled documents. */
  readonly seed: string;
}

export type EnclosedAnswer =
  | { readonly enclosed: false; readonly reason: string }
  | {
      readonly enclosed: true;
      readonly probes: readonly Probe[];
      /** Absent when a probe got out. */
      readonly found?: {
        readonly programs: Readonly<Record<string, string | null>>;
        /** What the commands of the spec's checks did, in order. */
        readonly commands: readonly { readonly exit: number; readonly said: string }[];
        /** Status of the spec's pages, in order; 0 for no answer. */
        readonly pages: readonly { readonly status: number; readonly said: string }[];
        /** Absent for a profile that has no checks of its own. */
        readonly profile?: ProfileFindings;
      };
    };

export interface Probe {
  readonly target: string;
  readonly reached: boolean;
  readonly said: string;
  /** Whether the same address answers outside: what makes the probe mean something. */
  readonly answersOutside: boolean;
}

export type ProfileFindings =
  | {
      readonly started: true;
      readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly detail: string }[];
      readonly notChecked: readonly string[];
    }
  | { readonly started: false; readonly said: string };

export interface VerifierPorts {
  readonly evidence: Evidence;
  /** Of the second store alone. Throws SECOND_STORE_MISSING, REPOSITORY_MISSING. */
  readonly openSecond: () => Promise<Evidence>;
  readonly scrub: Scrub;
  readonly databases: Databases;
  readonly trees: Trees;
  readonly application: Application;
  readonly verdicts: Verdicts;
  readonly sandboxes: Sandboxes;
  readonly restoredTexts: RestoredTexts;
  readonly enclosure: Enclosure;
  /** Throws SECRET_MISSING and the like; see Host. */
  readonly requireSecret: (ref: SecretRef) => Secret;
  readonly clock: Clock;
}
