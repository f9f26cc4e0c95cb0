import { lockRequest } from '#libs/contracts/requests.ts';
import { parseWith } from '#libs/contracts/step.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import type { CoordinatorPorts } from '../ports.ts';
import type { RetentionPorts } from '../sagas/forget.ts';
import { lockKept } from '../sagas/lock.ts';

/** Locks what retention keeps of the deployment; see `lockKept`. */
export async function onLockBackups(
  request: Json,
  { command: { deployment }, spec, signal, progress }: StepContext,
  ports: RetentionPorts & Pick<CoordinatorPorts, 'lockBackups'>,
): Promise<Json> {
  parseWith(lockRequest, request, 'LockBackups');
  return (await lockKept(deployment, spec, ports, { signal, progress })) ?? { locked: [], objects: 0 };
}
