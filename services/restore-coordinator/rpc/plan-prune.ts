import type { CallContext } from '#libs/runtime/contract.ts';
import type { CoordinatorPorts } from '../ports.ts';
import { planForget } from '../sagas/forget.ts';

/** What a prune would keep and remove now, with all reasons. Throws DEPLOYMENT_NOT_FOUND, SERVICE_UNREACHABLE. */
export async function planPrune(
  { deployment }: { deployment: string },
  { signal }: CallContext,
  ports: CoordinatorPorts,
) {
  const { spec } = await ports.specs.read(deployment);
  const choices = await planForget(deployment, spec, ports, signal);
  return {
    deployment,
    choices: choices.map(({ backupId, isKept, reasons }) => ({ backupId, kept: isKept, reasons })),
  };
}
