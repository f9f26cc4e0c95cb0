import type { CallContext } from '#libs/runtime/contract.ts';
import { requireSecond } from '../domain/second-store.ts';
import type { CoordinatorPorts } from '../ports.ts';
import { openRequested, type Requested } from './open-requested.ts';

/** Opens a replication, once per `request_id`. Throws DEPLOYMENT_NOT_FOUND, SECOND_STORE_MISSING. */
export async function startReplicate(request: Requested, context: CallContext, ports: CoordinatorPorts) {
  return await openRequested('replicate', request, context, ports, async () => {
    requireSecond(ports);
    return { parameters: {} };
  });
}

export async function openDueReplicate(
  deployment: string,
  slot: string,
  ports: CoordinatorPorts,
): Promise<void> {
  requireSecond(ports);
  const { version: specVersion } = await ports.specs.read(deployment);
  const asked = { kind: 'replicate', deployment, specVersion, parameters: {}, principal: 'policy' } as const;
  await ports.runs.open({ ...asked, origin: 'slot', key: slot });
}
