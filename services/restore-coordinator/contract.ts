import type { ServiceContract } from '#libs/runtime/contract.ts';
import type { CoordinatorPorts } from './ports.ts';
import { cancelRun } from './rpc/cancel-run.ts';
import { declareDeployment } from './rpc/declare-deployment.ts';
import { getBackup } from './rpc/get-backup.ts';
import { getDeployment } from './rpc/get-deployment.ts';
import { getRun } from './rpc/get-run.ts';
import { listBackups } from './rpc/list-backups.ts';
import { listDeployments } from './rpc/list-deployments.ts';
import { listRuns } from './rpc/list-runs.ts';
import { planRestore } from './rpc/plan-restore.ts';
import { startDrill } from './rpc/start-drill.ts';
import { startBackup } from './rpc/start-backup.ts';
import { startRestore } from './rpc/start-restore.ts';
import { startVerify } from './rpc/start-verify.ts';
import { watchRun } from './rpc/watch-run.ts';

/** The front door. It takes no commands: it sends them (`StepCommand`) and reads their results. */
export const contract: ServiceContract<CoordinatorPorts> = {
  service: 'restore-coordinator',
  consumes: {},
  serves: {
    'holdfast.coordinator.v1.DeploymentService': {
      declareDeployment: { unary: declareDeployment },
      getDeployment: { unary: getDeployment },
      listDeployments: { unary: listDeployments },
    },
    'holdfast.coordinator.v1.BackupService': {
      startBackup: { unary: startBackup },
      getBackup: { unary: getBackup },
      listBackups: { unary: listBackups },
    },
    'holdfast.coordinator.v1.RestoreService': {
      planRestore: { unary: planRestore },
      startRestore: { unary: startRestore },
    },
    'holdfast.coordinator.v1.TrialService': {
      startDrill: { unary: startDrill },
      startVerify: { unary: startVerify },
    },
    'holdfast.coordinator.v1.RunService': {
      getRun: { unary: getRun },
      listRuns: { unary: listRuns },
      watchRun: { stream: watchRun },
      cancelRun: { unary: cancelRun },
    },
  },
  publishes: ['holdfast.step.v1.StepCommand', 'holdfast.step.v1.CancelSteps', 'holdfast.step.v1.RunFinished'],
};
