import { z } from 'zod';
import { COMPONENTS } from './sites.ts';
import { RUN_PATTERN } from '#libs/kernel/ids.ts';

/** What each verb asks for and answers. Shapes are listed in protos/README.md; times are RFC 3339. */

export const snapshotRef = z.object({
  deployment: z.string(),
  component: z.enum(COMPONENTS),
  id: z.string(),
  digest: z.string(),
  /** Absent: `local`. */
  site: z.string().optional(),
});
export type SnapshotRef = z.infer<typeof snapshotRef>;

/**
 * TakeSnapshot: `mark` is absent for the database, which names it; files and config start after it. `previous` is what
 * the last complete backup has of the component: what did not change since need not be read again. `portable`: of the
 * database, content hashes that another major version can repeat.
 */
export const takeSnapshotRequest = z.object({
  mark: z.string().optional(),
  previous: snapshotRef.optional(),
  portable: z.boolean().default(false),
});

/** Answer of TakeSnapshot of all three components. */
export const takeSnapshotOutcome = z.object({
  snapshot: snapshotRef,
  mark: z.string(),
  /** complete, or partial with what is missing and why. */
  leftOut: z.array(z.object({ what: z.string(), reason: z.string(), partial: z.boolean() })),
  facts: z.record(z.string(), z.unknown()),
  packs: z.array(z.string()),
  sourceBytes: z.number(),
  newBytes: z.number(),
});
export type TakeSnapshotOutcome = z.infer<typeof takeSnapshotOutcome>;

/** The moment is known: a result of its own (`mark`), so that files and config need not wait for the dump. */
export const markOutcome = z.object({ mark: z.string(), attempt: z.int() });

/** StageRestore: writes the snapshot beside the old state, in a place named by run, epoch and claim. */
export const stageRestoreRequest = z.object({ snapshot: snapshotRef });

const stagedDatabase = z.object({
  component: z.literal('database'),
  stage: z.string(),
  live: z.string(),
  side: z.string(),
  /** Empty: it takes no other's name. */
  kept: z.string(),
  /** What the switch gives it with the name; a spare one keeps the run's. */
  comment: z.string().nullable().default(null),
  /**
   * What the restored database has not: on purpose sessions, and due tasks by name, which are held; `incomplete` are
   * foreign keys that the backup's own rows break, for rows to come only, and materialised views that could not be
   * filled, in the words of pg_restore's list.
   */
  adapted: z
    .object({
      sessionsDropped: z.int(),
      held: z.array(z.string()),
      incomplete: z.array(z.string()).default([]),
    })
    .default({ sessionsDropped: 0, held: [], incomplete: [] }),
});
/** Answer of StageRestore of some tables: also what the database holds, and what these tables have and it has not. */
export const stagedTables = stagedDatabase.extend({
  tables: z.object({
    restored: z.array(z.object({ schema: z.string(), name: z.string(), rows: z.number() })),
    leftOut: z.array(z.string()),
    /** Tables that foreign keys lead to, and that are not restored. */
    referenced: z.array(z.string()),
  }),
});
export type StagedTables = z.infer<typeof stagedTables>;

const stagedTrees = z.object({
  component: z.enum(['files', 'config']),
  stage: z.string(),
  roots: z.array(z.object({ name: z.string(), path: z.string(), single: z.boolean(), absent: z.boolean() })),
});
/** Answer of StageRestore; given back unchanged to PivotRestore, UndoPivot and VerifyStaged. */
export const staged = z.discriminatedUnion('component', [stagedDatabase, stagedTrees]);
export type Staged = z.infer<typeof staged>;
export type StagedDatabase = z.infer<typeof stagedDatabase>;
export type StagedTrees = z.infer<typeof stagedTrees>;

/**
 * PivotRestore, UndoPivot: idempotent; a place that is gone means another worker owns it, and is refused. `ofRun` names
 * the finished restore whose switch a rollback takes back; its PivotRestore switches what was put back once more.
 */
export const pivotRequest = z.object({ staged, ofRun: z.string().regex(RUN_PATTERN).optional() });

/** ReleaseKept: drops what finished restores left beside the living system, old state or taken-back new one. */
export const releaseRequest = z.object({
  states: z.array(z.object({ ofRun: z.string().regex(RUN_PATTERN), staged, site: z.string().optional() })),
});

/** DiscardStage: removes whatever this run staged; the live state is never touched. */
export const discardRequest = z.object({});

/** CloseDatabase: the live database takes no connection until the switch or OpenDatabase; none there, nothing to do. */
export const closeDatabaseRequest = z.object({});

/** EnableSchedules: tasks that a restore held, by name; those that are gone or enabled stay as they are. */
export const enableSchedulesRequest = z.object({ names: z.array(z.string()) });

/** RunHook: the argument arrays of the spec, in order. */
export const runHookRequest = z.object({ hook: z.enum(['stop', 'reset', 'start']) });

const check = z.object({ name: z.string(), level: z.int(), ok: z.boolean(), detail: z.string() });
export type Check = z.infer<typeof check>;

/** VerifyBackup: every pack that no committed backup cites re-read, every needed pack present, rows and files reconciled, before the commit. */
export const verifyBackupRequest = z.object({
  backupId: z.string(),
  snapshots: z.array(snapshotRef),
});
/** VerifyPacks: before a restore touches anything, every pack it needs is there and whole. */
export const verifyPacksRequest = z.object({ backupId: z.string(), snapshots: z.array(snapshotRef) });
/** `staged[n]` is what became of `snapshots[n]`, at the site that is asked. */
export const verifyStagedRequest = z.object({
  backupId: z.string(),
  snapshots: z.array(snapshotRef),
  staged: z.array(staged),
});
/** CheckLive: `restored` looks only (database, files, config against the snapshots); `serving` asks the application. */
export const checkLiveRequest = z.object({
  backupId: z.string(),
  phase: z.enum(['restored', 'serving']),
  snapshots: z.array(snapshotRef),
  staged: z.array(staged),
});

/** Answer of the three verifications. `ok` is every check's; what was not checked is listed. */
export const verifyOutcome = z.object({
  ok: z.boolean(),
  checks: z.array(check),
  notChecked: z.array(z.string()),
  facts: z.record(z.string(), z.unknown()).default({}),
});
export type VerifyOutcome = z.infer<typeof verifyOutcome>;

/** CleanRepository: removes what nothing needs any more, of all deployments of the store. */
export const cleanRequest = z.object({});

/** Answer of CleanRepository. */
export const cleanOutcome = z.object({
  /** The newest condemned list; 0: there is none. */
  list: z.int(),
  deleted: z.int(),
  deletedBytes: z.number(),
  condemned: z.int(),
  repackedPacks: z.int(),
  resealedPacks: z.int(),
  repackedBytes: z.number(),
  /** Deletes that the store refused: it holds the objects locked. */
  refused: z.int(),
  /** Condemned and not deleted yet. */
  waiting: z.int(),
});

/** LockBackups: has the store lock what the deployment's backups are restored from, as long as `policy.lock` wants. */
export const lockRequest = z.object({});

/** Answer of LockBackups. */
export const lockOutcome = z.object({
  /** Backups that the policy wants locked, newest first; RFC 3339. */
  locked: z.array(z.object({ backupId: z.string(), rule: z.string(), until: z.string() })),
  /** What is locked for them: manifests, snapshots, packs, and what is needed to read these. */
  objects: z.int(),
});
export type LockOutcome = z.infer<typeof lockOutcome>;

/** What a prune forgot: answer of its first step. */
export const forgetOutcome = z.object({
  forgotten: z.array(z.object({ backupId: z.string(), reason: z.string() })),
  kept: z.int(),
});
