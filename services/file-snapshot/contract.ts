import type { ServiceContract } from '#libs/runtime/contract.ts';
import { onDiscardStage } from './handlers/on-discard-stage.ts';
import { onPivotRestore } from './handlers/on-pivot-restore.ts';
import { onReleaseKept } from './handlers/on-release-kept.ts';
import { onStageRestore } from './handlers/on-stage-restore.ts';
import { onTakeSnapshot } from './handlers/on-take-snapshot.ts';
import { onUndoPivot } from './handlers/on-undo-pivot.ts';
import type { FilePorts } from './ports.ts';
import { fetchFile } from './rpc/fetch-file.ts';
import { listFiles } from './rpc/list-files.ts';
import { preflight } from './rpc/preflight.ts';

/** Document trees: taken after the mark, put back beside the old ones, switched by renames. */
export const contract: ServiceContract<FilePorts> = {
  service: 'file-snapshot',
  consumes: {
    TakeSnapshot: onTakeSnapshot,
    StageRestore: onStageRestore,
    PivotRestore: onPivotRestore,
    UndoPivot: onUndoPivot,
    DiscardStage: onDiscardStage,
    ReleaseKept: onReleaseKept,
  },
  serves: {
    'holdfast.component.v1.ComponentService': { preflight: { unary: preflight } },
    'holdfast.files.v1.FileService': {
      listFiles: { unary: listFiles },
      fetchFile: { stream: fetchFile },
    },
  },
  publishes: [
    'holdfast.step.v1.StepCompleted',
    'holdfast.step.v1.StepFailed',
    'holdfast.step.v1.StepProgress',
  ],
};
