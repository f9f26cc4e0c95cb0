import type { CallContext } from '#libs/runtime/contract.ts';
import type { CoordinatorPorts } from '../ports.ts';
import { pruneParameters } from '../sagas/prune.ts';
import { openRequested, type Requested } from './open-requested.ts';

/** Opens a prune, once per `request_id`. Throws DEPLOYMENT_NOT_FOUND, RUN_IN_PROGRESS. */
export async function startPrune(request: Requested, context: CallContext, ports: CoordinatorPorts) {
  return await openRequested('prune', request, context, ports, async () => {
    const { spec } = await ports.specs.read(request.deployment);
    return { parameters: pruneParameters(spec) };
  });
}

export async function openDuePrune(deployment: string, slot: string, ports: CoordinatorPorts): Promise<void> {
  const { version: specVersion, spec } = await ports.specs.read(deployment);
  const asked = {
    kind: 'prune',
    deployment,
    specVersion,
    parameters: pruneParameters(spec),
    principal: 'policy',
  } as const;
  await ports.runs.open({ ...asked, origin: 'slot', key: slot });
}
