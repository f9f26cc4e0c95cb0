import type { Spec } from '#libs/contracts/spec.ts';
import type { CallContext } from '#libs/runtime/contract.ts';
import type { CoordinatorPorts } from '../ports.ts';
import type { ScrubParameters } from '../sagas/scrub.ts';
import { openRequested, type Requested } from './open-requested.ts';

/** Where no policy says how old a pack may be since it was read. */
const EVERY = '30d';

/** Opens a scrub, once per `request_id`. Throws DEPLOYMENT_NOT_FOUND. */
export async function startScrub(
  request: Requested & { all: boolean },
  context: CallContext,
  ports: CoordinatorPorts,
) {
  return await openRequested('scrub', request, context, ports, async () => {
    const { spec } = await ports.specs.read(request.deployment);
    return { parameters: { ...scrubOf(spec), ...(request.all ? { every: 'all' } : {}) } };
  });
}

export async function openDueScrub(deployment: string, slot: string, ports: CoordinatorPorts): Promise<void> {
  const { spec, version: specVersion } = await ports.specs.read(deployment);
  const parameters = { ...scrubOf(spec) };
  const asked = { kind: 'scrub', deployment, specVersion, parameters, principal: 'policy' } as const;
  await ports.runs.open({ ...asked, origin: 'slot', key: slot });
}

function scrubOf({ policy: { scrub } }: Spec): { every: string; bytesPerSecond?: number } {
  const { every = EVERY, bytesPerSecond } = scrub ?? {};
  return { every, ...(bytesPerSecond === undefined ? {} : { bytesPerSecond }) } satisfies ScrubParameters;
}
