import type { Manifest } from '#libs/contracts/manifest.ts';
import type { JudgedAt } from '#libs/contracts/reached-level.ts';
import type { SnapshotRef } from '#libs/contracts/requests.ts';
import type { Part } from '#libs/contracts/sites.ts';
import type { Spec } from '#libs/contracts/spec.ts';
import type { Clock } from '#libs/kernel/clock.ts';
import type { Problem } from '#libs/kernel/errors.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { CleaningOptions, CleaningReport } from '#libs/repository/cleaning/port.ts';
import type { LogEntry, LogEvent } from '#libs/saga/log.ts';
import type { Cancel } from '#libs/saga/cancel.ts';
import type { Logs } from '#libs/saga/logs.ts';
import type { JournalEntry } from '#libs/saga/journal.ts';
import type { RunState } from '#libs/saga/fold.ts';
import type { WhichStore } from '#libs/contracts/care.ts';
import type { Healed } from '#libs/replica/heal.ts';
import type { Replicated } from '#libs/replica/replicate.ts';

/** Declarations: every version kept, none changed. */
export interface Specs {
  /** The same text again is the same version. Throws SPEC_INVALID with every problem. */
  declare(yaml: string): Promise<DeclaredSpec>;
  /** Newest version, or the one named. Throws DEPLOYMENT_NOT_FOUND. */
  read(deployment: string, version?: number): Promise<DeclaredSpec>;
  readonly list: () => Promise<readonly string[]>;
}

export interface DeclaredSpec {
  readonly spec: Spec;
  readonly version: number;
  readonly yaml: string;
}

/** Committed backups. A manifest is created once; reading checks signature and repository. */
export interface Manifests {
  /** Idempotent for the same backup: what is there already is returned. */
  commit(manifest: Manifest): Promise<StoredManifest>;
  /** An id, or `latest`: the newest that holds the components, all when none is named. Throws BACKUP_NOT_FOUND, MANIFEST_DAMAGED. */
  read(deployment: string, backupId: string, components?: readonly string[]): Promise<StoredManifest>;
  /** In the order of their commits, newest first. */
  ids(deployment: string): Promise<readonly string[]>;
  /** One that is there; a damaged one is its error, never hidden. */
  look(deployment: string, backupId: string): Promise<ListedManifest>;
  /** All of them, read one by one, newest first. */
  list(deployment: string): AsyncIterable<ListedManifest>;
  /** Until when the store itself keeps the manifest; undefined when it does not. */
  lockedUntil(deployment: string, backupId: string): Promise<Date | undefined>;
}

export type ListedManifest = StoredManifest | { readonly backupId: string; readonly damaged: string };

export interface StoredManifest {
  readonly manifest: Manifest;
  readonly digest: string;
}

/** What a trigger, request or slot asks for. The same `key` for the same deployment is the same run. */
export interface RunRequest {
  readonly kind:
    | 'backup'
    | 'restore'
    | 'rollback'
    | 'release'
    | 'schedules'
    | 'drill'
    | 'verify'
    | 'replicate'
    | 'prune'
    | 'scrub';
  readonly deployment: string;
  readonly specVersion: number;
  readonly principal: string;
  readonly origin: 'request' | 'event' | 'slot';
  readonly key: string;
  readonly parameters: Json;
  /** JSON of a Relocation, or empty. */
  readonly relocationJson?: string;
}

/** Runs: opened once, driven to their end by whoever owns them. */
export interface Runs {
  /**
   * Durable when it returns. Throws RUN_IN_PROGRESS when an exclusive run holds the deployment, REQUEST_ID_TAKEN when the
   * key is another kind of run's.
   */
  open(request: RunRequest): Promise<RunState>;
  /** Throws RUN_NOT_FOUND. */
  read(runId: string): Promise<RunState>;
  /** A page of the runs of one deployment or (empty) of all, newest first. Throws MESSAGE_MALFORMED. */
  page(request: PageRequest & { readonly deployment: string }): Promise<RunPage>;
  /** Journal entries after `afterSequence` (position + 1), and progress between them; ends with the run. */
  watch(runId: string, afterSequence: number, signal: AbortSignal): AsyncIterable<JournalEntry | Progress>;
  /** Durable when it returns, whoever drives the run. Harmless when repeated or when the run is finished. */
  cancel(runId: string, cancel: Cancel): Promise<RunState>;
  /** What an unfinished run waits for, in words: its turn, a store that takes nothing, a worker; '' when it goes on. */
  whyWaiting(state: RunState): Promise<string>;
  /** Lists what a log has open where all coordinators find it. */
  reconcile(deployment: string, entries: readonly LogEntry[]): Promise<void>;
}

export interface PageRequest {
  /** 0: as many as we like. */
  readonly pageSize: number;
  /** Empty for the first page. */
  readonly pageToken: string;
}

export interface RunPage {
  readonly runIds: readonly string[];
  /** Empty when there are no more. */
  readonly nextPageToken: string;
}

export interface Progress {
  readonly step: string;
  readonly at: string;
  readonly activity: string;
  readonly bytes: number;
  readonly bytesTotal: number;
  readonly rows: number;
}

/** Asks the workers whether a run could work. Unreachable ones become problems. */
export interface Inquiry {
  preflight(question: PreflightQuestion, signal: AbortSignal): Promise<PreflightAnswer>;
  /** What verifications found of a backup, by the verifier. Throws SERVICE_UNREACHABLE. */
  verdicts(deployment: string, backupId: string, signal: AbortSignal): Promise<readonly JudgedAt[]>;
}

export interface PreflightQuestion {
  readonly deployment: string;
  readonly specVersion: number;
  readonly purpose: 'PURPOSE_BACKUP' | 'PURPOSE_RESTORE' | 'PURPOSE_COVERAGE';
  /** Who is asked. */
  readonly parts: readonly Part[];
  readonly snapshots: readonly SnapshotRef[];
  /** JSON of a Relocation, or empty. */
  readonly relocationJson: string;
}

export interface PreflightAnswer {
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
  /** By component, of all its sites together. */
  readonly facts: Readonly<Record<string, Json>>;
}

/** Copies of what the store holds, in another place. */
export interface SecondStore {
  readonly name: string;
  /** What it lacks is copied; may be stopped anywhere, and goes on from what is there. Throws REPOSITORY_FOREIGN. */
  replicate(signal: AbortSignal, onProgress: OnBytes): Promise<Replicated>;
  /** Objects of one of the stores are put back from the other, where that has them and they are proved. */
  heal(which: WhichStore, objects: readonly string[], signal: AbortSignal): Promise<Healed>;
}

type OnBytes = (done: { readonly bytes: number; readonly bytesTotal: number }) => void;

export interface VerifiedLog {
  /** Those that were asked for. */
  readonly entries: readonly LogEntry[];
  readonly total: number;
  /** SHA-256 of the last entry as stored; empty for an empty log. */
  readonly headDigest: string;
}

export interface CoordinatorPorts {
  readonly specs: Specs;
  readonly manifests: Manifests;
  readonly runs: Runs;
  readonly inquiry: Inquiry;
  /** Appends to the deployment's log; durable when it returns. */
  readonly record: (deployment: string, event: LogEvent) => Promise<void>;
  /** The deployment's log as it stands; empty when nothing was recorded. Throws JOURNAL_BROKEN. */
  readonly readLog: (deployment: string) => Promise<readonly LogEntry[]>;
  readonly logs: Logs;
  /** The whole log of a deployment, read anew. Throws JOURNAL_BROKEN where its chain does not continue. */
  readonly verifyLog: (
    deployment: string,
    isAsked: (entry: LogEntry) => boolean,
    signal: AbortSignal,
  ) => Promise<VerifiedLog>;
  /** One cleaning of the repository, for all deployments; see `Repository.clean`. */
  readonly clean: (options: CleaningOptions) => Promise<CleaningReport>;
  /**
   * Has the store lock these backups with all they are read from; returns how many objects. Idempotent. Throws
   * STORE_CANNOT_LOCK.
   */
  readonly lockBackups: (
    deployment: string,
    locks: readonly { readonly backupId: string; readonly untilMs: number }[],
    options: Pick<CleaningOptions, 'signal' | 'progress'>,
  ) => Promise<number>;
  /** Asks by a lock of a day, of what every backup needs. Throws STORE_CANNOT_LOCK. */
  readonly requireLocks: (signal: AbortSignal) => Promise<void>;
  readonly repositoryId: string;
  /** The backups, as `deployment/id`, that need one of the objects. */
  readonly harmedBackups: (objects: readonly string[], signal: AbortSignal) => Promise<readonly string[]>;
  /** Undefined where no second store is named. */
  readonly second: SecondStore | undefined;
  readonly clock: Clock;
}
