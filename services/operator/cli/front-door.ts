import type { Backup__Output as Backup } from '#libs/contracts/gen/holdfast/coordinator/v1/Backup.ts';
import type { Deployment__Output as Deployment } from '#libs/contracts/gen/holdfast/coordinator/v1/Deployment.ts';
import type { ListBackupsResponse__Output as BackupPage } from '#libs/contracts/gen/holdfast/coordinator/v1/ListBackupsResponse.ts';
import type { ListDeploymentsResponse__Output as Deployments } from '#libs/contracts/gen/holdfast/coordinator/v1/ListDeploymentsResponse.ts';
import type { ListRunsResponse__Output as RunPage } from '#libs/contracts/gen/holdfast/coordinator/v1/ListRunsResponse.ts';
import type { RestorePlan__Output as RestorePlan } from '#libs/contracts/gen/holdfast/coordinator/v1/RestorePlan.ts';
import type { Run__Output as Run } from '#libs/contracts/gen/holdfast/coordinator/v1/Run.ts';
import type { RunEvent__Output as RunEvent } from '#libs/contracts/gen/holdfast/coordinator/v1/RunEvent.ts';
import type { ListVerdictsResponse__Output as Verdicts } from '#libs/contracts/gen/holdfast/verify/v1/ListVerdictsResponse.ts';
import type { Verdict__Output as Verdict } from '#libs/contracts/gen/holdfast/verify/v1/Verdict.ts';
import type { Caller } from '#libs/rpc/caller.ts';

export type { Backup, Deployment, RestorePlan, Run, RunEvent, Verdict };

/** The first call after a start may wait for a connection; a plan asks all workers, which look at the whole target. */
const PLAN_DEADLINE_MS = 5 * 60_000;

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
    startBackup: (request: { deployment: string; requestId: string }) =>
      ask<Run>('BackupService', 'startBackup', request),
    getBackup: (deployment: string, backupId: string) =>
      ask<Backup>('BackupService', 'getBackup', { deployment, backupId }),
    listBackups: (request: { deployment: string; pageSize: number; pageToken: string }) =>
      ask<BackupPage>('BackupService', 'listBackups', request),
    planRestore: (deployment: string, backupId: string) =>
      ask<RestorePlan>('RestoreService', 'planRestore', { deployment, backupId }, PLAN_DEADLINE_MS),
    startRestore: (request: {
      deployment: string;
      backupId: string;
      planDigest: string;
      requestId: string;
    }) => ask<Run>('RestoreService', 'startRestore', request, PLAN_DEADLINE_MS),
    startDrill: (request: { deployment: string; backupId: string; requestId: string }) =>
      ask<Run>('TrialService', 'startDrill', request),
    startVerify: (request: { deployment: string; backupId: string; level: number; requestId: string }) =>
      ask<Run>('TrialService', 'startVerify', request),
    listVerdicts: async (deployment: string, backupId: string) => {
      const [area, method] = ['holdfast.verify.v1.VerifyService', 'listVerdicts'];
      const request = { deployment, backupId };
      return (await caller.call<Verdicts>('verifier', area, method, request, { signal })).verdicts;
    },
    getRun: (runId: string) => ask<Run>('RunService', 'getRun', { runId }),
    listRuns: (request: { deployment: string; pageSize: number; pageToken: string }) =>
      ask<RunPage>('RunService', 'listRuns', request),
    cancelRun: (runId: string) => ask<Run>('RunService', 'cancelRun', { runId }),
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
