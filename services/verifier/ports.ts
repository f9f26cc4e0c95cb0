import type {
  DocumentRow,
  SequenceRecord,
  TableRecord,
  ContentHash,
} from '#libs/contracts/database-snapshot.ts';
import type { Check, SnapshotRef } from '#libs/contracts/requests.ts';
import type { Clock } from '#libs/kernel/clock.ts';
import type { Spec } from '#libs/contracts/spec.ts';
import type { TreeRecord } from '#libs/contracts/tree-snapshot.ts';

/** What the source said, read from sealed snapshots; nothing here is written by the verifier. */
export interface Evidence {
  /** Throws SNAPSHOT_DAMAGED, OBJECT_MISSING when the snapshot is not the one the digest names. */
  requireSnapshot(ref: SnapshotRef, signal: AbortSignal): Promise<{ readonly packs: readonly string[] }>;
  tables(ref: SnapshotRef, signal: AbortSignal): AsyncIterable<TableRecord>;
  sequences(ref: SnapshotRef, signal: AbortSignal): AsyncIterable<SequenceRecord>;
  documents(ref: SnapshotRef, signal: AbortSignal): AsyncIterable<DocumentRow>;
  listing(ref: SnapshotRef, signal: AbortSignal): AsyncIterable<TreeRecord>;
  /** Re-reads a whole pack and opens every chunk. Throws PACK_DAMAGED. */
  verifyPack(name: string, signal: AbortSignal): Promise<{ readonly bytes: number }>;
  hasPack(name: string, signal: AbortSignal): Promise<boolean>;
  /** The packs that each committed backup of this repository cites; a damaged manifest cites none. */
  packsOfBackups(signal: AbortSignal): AsyncIterable<readonly string[]>;
}

/** A database looked at by queries of our own: not the ones that copied it. */
export interface DatabaseView extends AsyncDisposable {
  tables(): Promise<readonly { readonly schema: string; readonly name: string }[]>;
  prove(table: {
    readonly schema: string;
    readonly name: string;
    readonly columns: readonly string[];
    readonly algorithm: ContentHash['algorithm'];
  }): Promise<{ readonly rows: number; readonly contentHash: ContentHash }>;
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
  list(deployment: string, backupId: string): Promise<readonly Verdict[]>;
}

export interface Verdict {
  readonly runId: string;
  readonly at: string;
  readonly level: number;
  readonly ok: boolean;
  readonly checks: readonly Check[];
  readonly notChecked: readonly string[];
}

export interface VerifierPorts {
  readonly evidence: Evidence;
  readonly databases: Databases;
  readonly trees: Trees;
  readonly application: Application;
  readonly verdicts: Verdicts;
  readonly clock: Clock;
}
