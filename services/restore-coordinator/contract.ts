import { STEP_EVENTS, type ServiceContract } from '#libs/runtime/contract.ts';
import { onHealRepository } from './handlers/on-heal-repository.ts';
import { onReplicate } from './handlers/on-replicate.ts';
import { onCleanRepository } from './handlers/on-clean-repository.ts';
import { onLockBackups } from './handlers/on-lock-backups.ts';
import type { CoordinatorPorts } from './ports.ts';
import { cancelRun } from './rpc/cancel-run.ts';
import { declareDeployment } from './rpc/declare-deployment.ts';
import { findTrigger } from './rpc/find-trigger.ts';
import { getBackup } from './rpc/get-backup.ts';
import { getCoverage } from './rpc/get-coverage.ts';
import { getDeployment } from './rpc/get-deployment.ts';
import { getRun } from './rpc/get-run.ts';
import { giveUpBackup } from './rpc/give-up-backup.ts';
import { holdBackup, liftHold } from './rpc/hold-backup.ts';
import { listBackups } from './rpc/list-backups.ts';
import { listDeployments } from './rpc/list-deployments.ts';
import { listRuns } from './rpc/list-runs.ts';
import { planPrune } from './rpc/plan-prune.ts';
import { planRestore } from './rpc/plan-restore.ts';
import { readLog } from './rpc/read-log.ts';
import { startDrill } from './rpc/start-drill.ts';
import { startBackup } from './rpc/start-backup.ts';
import { startReplicate } from './rpc/start-replicate.ts';
import { startScrub } from './rpc/start-scrub.ts';
import { startPrune } from './rpc/start-prune.ts';
import { startRelease } from './rpc/start-release.ts';
import { startRestore } from './rpc/start-restore.ts';
import { startRollback } from './rpc/start-rollback.ts';
import { startSchedules } from './rpc/start-schedules.ts';
import { startVerify } from './rpc/start-verify.ts';
import { watchRun } from './rpc/watch-run.ts';

/** The front door. It sends commands (`StepCommand`) and reads their results; it takes those that are of no component. */
export const contract: ServiceContract<CoordinatorPorts> = {
  service: 'restore-coordinator',
  consumes: {
    LockBackups: onLockBackups,
    CleanRepository: onCleanRepository,
    Replicate: onReplicate,
    HealRepository: onHealRepository,
  },
  serves: {
    'holdfast.coordinator.v1.DeploymentService': {
      declareDeployment: { unary: declareDeployment },
      getDeployment: { unary: getDeployment },
      listDeployments: { unary: listDeployments },
    },
    'holdfast.coordinator.v1.TriggerService': {
      findTrigger: { unary: findTrigger },
    },
    'holdfast.coordinator.v1.BackupService': {
      startBackup: { unary: startBackup },
      getBackup: { unary: getBackup },
      listBackups: { unary: listBackups },
      holdBackup: { unary: holdBackup },
      liftHold: { unary: liftHold },
      giveUpBackup: { unary: giveUpBackup },
      planPrune: { unary: planPrune },
      startPrune: { unary: startPrune },
    },
    'holdfast.coordinator.v1.RestoreService': {
      planRestore: { unary: planRestore },
      startRestore: { unary: startRestore },
      startRollback: { unary: startRollback },
      startRelease: { unary: startRelease },
      startSchedules: { unary: startSchedules },
    },
    'holdfast.coordinator.v1.ReportService': {
      getCoverage: { unary: getCoverage },
      readLog: { unary: readLog },
    },
    'holdfast.coordinator.v1.TrialService': {
      startDrill: { unary: startDrill },
      startVerify: { unary: startVerify },
    },
    'holdfast.coordinator.v1.StoreService': {
      startReplicate: { unary: startReplicate },
      startScrub: { unary: startScrub },
    },
    'holdfast.coordinator.v1.RunService': {
      getRun: { unary: getRun },
      listRuns: { unary: listRuns },
      watchRun: { stream: watchRun },
      cancelRun: { unary: cancelRun },
    },
  },
  publishes: [
    ...STEP_EVENTS,
    'holdfast.step.v1.StepCommand',
    'holdfast.step.v1.CancelAsked',
    'holdfast.step.v1.CancelSteps',
    'holdfast.step.v1.RunFinished',
  ],
};
