import type { CallContext } from '#libs/runtime/contract.ts';
import { presentDeclared } from '../domain/present.ts';
import type { CoordinatorPorts } from '../ports.ts';

/** The newest declaration. Throws DEPLOYMENT_NOT_FOUND. */
export async function getDeployment(
  request: { deployment: string },
  _: CallContext,
  { specs }: CoordinatorPorts,
) {
  return presentDeclared(await specs.read(request.deployment));
}
