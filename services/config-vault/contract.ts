import type { ServiceContract } from '#libs/runtime/contract.ts';
import { onDiscardStage } from './handlers/on-discard-stage.ts';
import { onPivotRestore } from './handlers/on-pivot-restore.ts';
import { onReleaseKept } from './handlers/on-release-kept.ts';
import { onRunHook } from './handlers/on-run-hook.ts';
import { onStageRestore } from './handlers/on-stage-restore.ts';
import { onTakeSnapshot } from './handlers/on-take-snapshot.ts';
import { onUndoPivot } from './handlers/on-undo-pivot.ts';
import type { ConfigPorts } from './ports.ts';
import { listVersions } from './rpc/list-versions.ts';
import { preflight } from './rpc/preflight.ts';
import { releaseValue } from './rpc/release-value.ts';

/** Environment files, keys, certificates, settings trees; and the deployment's own hooks, which run on its host. */
export const contract: ServiceContract<ConfigPorts> = {
  service: 'config-vault',
  consumes: {
    TakeSnapshot: onTakeSnapshot,
    StageRestore: onStageRestore,
    PivotRestore: onPivotRestore,
    UndoPivot: onUndoPivot,
    DiscardStage: onDiscardStage,
    ReleaseKept: onReleaseKept,
    RunHook: onRunHook,
  },
  serves: {
    'holdfast.component.v1.ComponentService': { preflight: { unary: preflight } },
    'holdfast.vault.v1.VaultService': {
      listVersions: { unary: listVersions },
      releaseValue: { unary: releaseValue },
    },
  },
  publishes: [
    'holdfast.step.v1.StepCompleted',
    'holdfast.step.v1.StepFailed',
    'holdfast.step.v1.StepProgress',
  ],
};
