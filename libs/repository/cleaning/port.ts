import type { Component } from '../port.ts';

/** What cleaning asks of the deployments of the store; every look reads the logs anew, by name. */
export interface CleaningWorld {
  /** Throws MANIFEST_DAMAGED while it is not known what a backup needs. */
  look(): Promise<readonly DeploymentView[]>;
  /** Appends `condemned` with this list to every deployment's log that has no newer one; durable when it returns. */
  mark(list: number): Promise<void>;
}

/** One deployment, by one state of its log. */
export interface DeploymentView {
  readonly deployment: string;
  /** Backups that count: committed, by the log or by a manifest in the store, and without a tombstone. */
  readonly backups: readonly CountedBackup[];
  /** Backups with a tombstone, whose manifest may still be there. */
  readonly pruned: readonly string[];
  readonly openRuns: ReadonlySet<string>;
  /** An open run may be writing packs that no manifest cites yet. */
  readonly isWriting: boolean;
  /**
   * There is a `condemned` entry with `list` or a newer one, and all runs that were opened before it, but for those that
   * clean, are closed.
   */
  isSettled(list: number): boolean;
}

export interface CountedBackup {
  readonly backupId: string;
  readonly snapshots: readonly CountedSnapshot[];
}

export interface CountedSnapshot {
  readonly component: Component;
  readonly id: string;
  readonly digest: string;
  readonly packs: readonly string[];
}

export interface CleaningReport {
  /** Number of the newest condemned list; 0: there is none. */
  readonly list: number;
  readonly deleted: number;
  readonly deletedBytes: number;
  /** New ones in this list. */
  readonly condemned: number;
  /** Packs that were written again: because little of them was needed, and because their key epoch is an old one. */
  readonly repackedPacks: number;
  readonly resealedPacks: number;
  readonly repackedBytes: number;
  /** Deletes that the store refused: it holds them locked. */
  readonly refused: number;
  /** Condemned and not deleted: runs that are older than the list are still open, or a backup needs them. */
  readonly waiting: number;
}

export interface CleaningOptions {
  readonly signal: AbortSignal;
  readonly progress: (progress: { bytes: number; bytesTotal: number; activity: string }) => void;
  /** So much is written again at most; what is left is the next cleaning's. */
  readonly repackBytesMax: number;
}

export type Cleaner = (world: CleaningWorld, options: CleaningOptions) => Promise<CleaningReport>;
