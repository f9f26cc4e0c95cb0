import { closeDatabaseRequest } from '#libs/contracts/requests.ts';
import { parseWith } from '#libs/contracts/step.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import type { DbSnapshotPorts } from '../ports.ts';

/** From here to the switch nobody works on the live database; one that is not there needs no closing. */
export async function onCloseDatabase(
  request: Json,
  context: StepContext,
  { target }: DbSnapshotPorts,
): Promise<Json> {
  parseWith(closeDatabaseRequest, request, 'CloseDatabase');
  const sessionsEnded = await target.close(context.spec, context);
  return { database: target.liveName(context.spec), sessionsEnded: sessionsEnded ?? 0 };
}
