import type { Json } from '#libs/kernel/json.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import { requireStagedDatabase } from '../domain/staged-database.ts';
import type { DbSnapshotPorts } from '../ports.ts';

/** THE SWITCH: both renames in one transaction, so there is no moment with half of it. */
export async function onPivotRestore(
  request: Json,
  context: StepContext,
  { target }: DbSnapshotPorts,
): Promise<Json> {
  const staged = requireStagedDatabase(request, 'PivotRestore');
  return {
    switched: await target.pivot(context.spec, staged, context),
    live: staged.live,
    kept: staged.kept,
  };
}
