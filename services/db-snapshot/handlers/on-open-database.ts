import { closeDatabaseRequest } from '#libs/contracts/requests.ts';
import { parseWith } from '#libs/contracts/step.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import type { DbSnapshotPorts } from '../ports.ts';

/** The inverse of CloseDatabase. */
export async function onOpenDatabase(
  request: Json,
  context: StepContext,
  { target }: DbSnapshotPorts,
): Promise<Json> {
  parseWith(closeDatabaseRequest, request, 'OpenDatabase');
  const { spec } = context;
  return { database: target.liveName(spec), present: await target.open(spec, context) };
}
