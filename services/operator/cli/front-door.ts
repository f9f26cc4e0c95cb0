import type { AfterSwitch__Output as AfterSwitch } from '#libs/contracts/gen/holdfast/coordinator/v1/AfterSwitch.ts';
import type { Backup__Output as Backup } from '#libs/contracts/gen/holdfast/coordinator/v1/Backup.ts';
import type { Coverage__Output as Coverage } from '#libs/contracts/gen/holdfast/coordinator/v1/Coverage.ts';
import type { Deployment__Output as Deployment } from '#libs/contracts/gen/holdfast/coordinator/v1/Deployment.ts';
import type { FindTriggerResponse__Output as FoundTrigger } from '#libs/contracts/gen/holdfast/coordinator/v1/FindTriggerResponse.ts';
import type { ListBackupsResponse__Output as BackupPage } from '#libs/contracts/gen/holdfast/coordinator/v1/ListBackupsResponse.ts';
import type { ListDeploymentsResponse__Output as Deployments } from '#libs/contracts/gen/holdfast/coordinator/v1/ListDeploymentsResponse.ts';
import type { ListRunsResponse__Output as RunPage } from '#libs/contracts/gen/holdfast/coordinator/v1/ListRunsResponse.ts';
import type { PrunePlan__Output as PrunePlan } from '#libs/contracts/gen/holdfast/coordinator/v1/PrunePlan.ts';
import type { ReadLogResponse__Output as ReadLog } from '#libs/contracts/gen/holdfast/coordinator/v1/ReadLogResponse.ts';
import type { RestorePlan__Output as RestorePlan } from '#libs/contracts/gen/holdfast/coordinator/v1/RestorePlan.ts';
import type { Run__Output as Run } from '#libs/contracts/gen/holdfast/coordinator/v1/Run.ts';
import type { RunEvent__Output as RunEvent } from '#libs/contracts/gen/holdfast/coordinator/v1/RunEvent.ts';
import type { DescribeSnapshotResponse__Output as Described } from '#libs/contracts/gen/holdfast/database/v1/DescribeSnapshotResponse.ts';
import type { ListVerdictsResponse__Output as Verdicts } from '#libs/contracts/gen/holdfast/verify/v1/ListVerdictsResponse.ts';
import type { Verdict__Output as Verdict } from '#libs/contracts/gen/holdfast/verify/v1/Verdict.ts';
import type { Caller } from '#libs/rpc/caller.ts';

export type {
  AfterSwitch,
  Backup,
  Coverage,
  Deployment,
  Described,
  PrunePlan,
  ReadLog,
  RestorePlan,
  Run,
  RunEvent,
  Verdict,
};

/** The first call after a start may wait for a connection; a plan asks all workers, which look at the whole target. */
const PLAN_DEADLINE_MS = 5 * 60_000;

/** What is to be restored: PlanRestoreRequest of the contracts. */
export interface RestoreWish {
  readonly deployment: string;
  readonly backupId: string;
  /** Whose backup; absent for the deployment's own. */
  readonly sourceDeployment?: string;
  /** Absent or empty for all. */
  readonly components?: readonly string[];
  readonly relocationJson?: string;
}

/** The coordinator's methods, typed; over the wire or in process. Throws what the coordinator threw. */
export type FrontDoor = ReturnType<typeof frontDoorOf>;

export function frontDoorOf(caller: Caller, signal?: AbortSignal) {
  const ask = <Answer extends object>(area: string, method: string, request: object, deadlineMs?: number) =>
    caller.call<Answer>('restore-coordinator', `holdfast.coordinator.v1.${area}`, method, request, {
      signal,
      deadlineMs,
    });
  return {
    caller,
    declareDeployment: (specYaml: string) =>
      ask<Deployment>('DeploymentService', 'declareDeployment', { specYaml }),
    getDeployment: (deployment: string) =>
      ask<Deployment>('DeploymentService', 'getDeployment', { deployment }),
    listDeployments: async () =>
      (await ask<Deployments>('DeploymentService', 'listDeployments', {})).deployments,
    findTrigger: (request: { deployment: string; source: string; id: string }) =>
      ask<FoundTrigger>('TriggerService', 'findTrigger', request),
    startBackup: (request: {
      deployment: string;
      requestId: string;
      acceptChanges?: boolean;
      full?: boolean;
      portable?: boolean;
      components?: readonly string[];
    }) => ask<Run>('BackupService', 'startBackup', request),
    getBackup: (deployment: string, backupId: string, components: readonly string[] = []) =>
      ask<Backup>('BackupService', 'getBackup', { deployment, backupId, components }),
    listBackups: (request: { deployment: string; pageSize: number; pageToken: string }) =>
      ask<BackupPage>('BackupService', 'listBackups', request),
    holdBackup: (request: { deployment: string; backupId: string; reason: string }) =>
      ask<Backup>('BackupService', 'holdBackup', request),
    liftHold: (request: { deployment: string; backupId: string }) =>
      ask<Backup>('BackupService', 'liftHold', request),
    giveUpBackup: (request: { deployment: string; backupId: string; reason: string }) =>
      ask<{ damage: string }>('BackupService', 'giveUpBackup', request),
    planPrune: (deployment: string) =>
      ask<PrunePlan>('BackupService', 'planPrune', { deployment }, PLAN_DEADLINE_MS),
    startPrune: (request: { deployment: string; requestId: string }) =>
      ask<Run>('BackupService', 'startPrune', request),
    planRestore: (wish: RestoreWish) =>
      ask<RestorePlan>('RestoreService', 'planRestore', wish, PLAN_DEADLINE_MS),
    startRestore: (request: RestoreWish & { readonly planDigest: string; readonly requestId: string }) =>
      ask<Run>('RestoreService', 'startRestore', request, PLAN_DEADLINE_MS),
    startRollback: (request: { deployment: string; requestId: string }) =>
      ask<Run>('RestoreService', 'startRollback', request),
    startRelease: (request: { deployment: string; requestId: string }) =>
      ask<Run>('RestoreService', 'startRelease', request),
    startSchedules: (request: { deployment: string; requestId: string }) =>
      ask<Run>('RestoreService', 'startSchedules', request),
    startDrill: (request: { deployment: string; backupId: string; requestId: string }) =>
      ask<Run>('TrialService', 'startDrill', request),
    startVerify: (request: {
      deployment: string;
      backupId: string;
      level: number;
      second?: boolean;
      requestId: string;
    }) => ask<Run>('TrialService', 'startVerify', request),
    startReplicate: (request: { deployment: string; requestId: string }) =>
      ask<Run>('StoreService', 'startReplicate', request),
    startScrub: (request: { deployment: string; all: boolean; requestId: string }) =>
      ask<Run>('StoreService', 'startScrub', request),
    getCoverage: (deployment: string, backupId: string) =>
      ask<Coverage>('ReportService', 'getCoverage', { deployment, backupId }, PLAN_DEADLINE_MS),
    readLog: (request: { deployment: string; from: string; to: string }) =>
      ask<ReadLog>('ReportService', 'readLog', request, PLAN_DEADLINE_MS),
    listVerdicts: async (deployment: string, backupId: string) => {
      const request = { deployment, backupId };
      const area = 'holdfast.verify.v1.VerifyService';
      return (await caller.call<Verdicts>('verifier', area, 'listVerdicts', request, { signal })).verdicts;
    },
    /** Of a database, by the service of the site where it was taken. */
    describeSnapshot: (request: { deployment: string; snapshotId: string }, site: string | undefined) =>
      caller.call<Described>(
        'db-snapshot',
        'holdfast.database.v1.DatabaseService',
        'describeSnapshot',
        request,
        {
          signal,
          site,
          deadlineMs: PLAN_DEADLINE_MS,
        },
      ),
    getRun: (runId: string) => ask<Run>('RunService', 'getRun', { runId }),
    listRuns: (request: { deployment: string; pageSize: number; pageToken: string }) =>
      ask<RunPage>('RunService', 'listRuns', request),
    cancelRun: (runId: string, afterSwitch: AfterSwitch = 'AFTER_SWITCH_TAKE_BACK') =>
      ask<Run>('RunService', 'cancelRun', { runId, afterSwitch }),
    watchRun: (runId: string, afterSequence: number) =>
      caller.stream<RunEvent>(
        'restore-coordinator',
        'holdfast.coordinator.v1.RunService',
        'watchRun',
        { runId, afterSequence },
        { signal },
      ),
  };
}
