import { discardRequest } from '#libs/contracts/requests.ts';
import { parseWith } from '#libs/contracts/step.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import { sidePrefix } from '../domain/names.ts';
import type { DbSnapshotPorts } from '../ports.ts';

/** Side databases of all workers of this run. Roles stay: another database may use them by now. */
export async function onDiscardStage(
  request: Json,
  context: StepContext,
  { target }: DbSnapshotPorts,
): Promise<Json> {
  parseWith(discardRequest, request, 'DiscardStage');
  const { spec, token } = context;
  const prefix = sidePrefix(target.liveName(spec), token.runId);
  const removed = await target.discard(spec, prefix, context);
  return { removed, left: 'roles that were created' };
}
