import { STEP_EVENTS, type ServiceContract } from '#libs/runtime/contract.ts';
import { onCloseDatabase } from './handlers/on-close-database.ts';
import { onDiscardStage } from './handlers/on-discard-stage.ts';
import { onEnableSchedules } from './handlers/on-enable-schedules.ts';
import { onOpenDatabase } from './handlers/on-open-database.ts';
import { onPivotRestore } from './handlers/on-pivot-restore.ts';
import { onReleaseKept } from './handlers/on-release-kept.ts';
import { onStageRestore } from './handlers/on-stage-restore.ts';
import { onTakeSnapshot } from './handlers/on-take-snapshot.ts';
import { onUndoPivot } from './handlers/on-undo-pivot.ts';
import type { DbSnapshotPorts } from './ports.ts';
import { describeSnapshot } from './rpc/describe-snapshot.ts';
import { preflight } from './rpc/preflight.ts';

/** PostgreSQL to the repository and back: its own tools for structure, our streams for data. */
export const contract: ServiceContract<DbSnapshotPorts> = {
  service: 'db-snapshot',
  consumes: {
    TakeSnapshot: onTakeSnapshot,
    StageRestore: onStageRestore,
    CloseDatabase: onCloseDatabase,
    OpenDatabase: onOpenDatabase,
    PivotRestore: onPivotRestore,
    UndoPivot: onUndoPivot,
    DiscardStage: onDiscardStage,
    ReleaseKept: onReleaseKept,
    EnableSchedules: onEnableSchedules,
  },
  serves: {
    'holdfast.component.v1.ComponentService': { preflight: { unary: preflight } },
    'holdfast.database.v1.DatabaseService': { describeSnapshot: { unary: describeSnapshot } },
  },
  publishes: STEP_EVENTS,
};
