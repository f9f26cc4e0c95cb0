import type { Json } from '#libs/kernel/json.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import { requireStagedDatabase } from '../domain/staged-database.ts';
import type { DbSnapshotPorts } from '../ports.ts';

/** The old database is live again; the restored one goes back to its staging name. */
export async function onUndoPivot(
  request: Json,
  context: StepContext,
  { target }: DbSnapshotPorts,
): Promise<Json> {
  const staged = requireStagedDatabase(request, 'UndoPivot');
  return { switched: await target.undo(context.spec, staged, context), live: staged.live };
}
