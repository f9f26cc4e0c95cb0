import { enableSchedulesRequest } from '#libs/contracts/requests.ts';
import { parseWith } from '#libs/contracts/step.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import type { DbSnapshotPorts } from '../ports.ts';

/** Exactly the tasks that a restore held; one that somebody enabled meanwhile is as it should be. */
export async function onEnableSchedules(
  request: Json,
  context: StepContext,
  { target }: DbSnapshotPorts,
): Promise<Json> {
  const { names } = parseWith(enableSchedulesRequest, request, 'EnableSchedules');
  return { enabled: [...(await target.enableSchedules(context.spec, names, context))] };
}
