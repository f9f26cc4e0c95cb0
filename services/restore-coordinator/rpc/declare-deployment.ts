import type { CallContext } from '#libs/runtime/contract.ts';
import { presentDeclared } from '../domain/present.ts';
import type { CoordinatorPorts } from '../ports.ts';

/** Stores the YAML as the next version; the same text again is the same version. Throws SPEC_INVALID. */
export async function declareDeployment(
  request: { specYaml: string },
  _: CallContext,
  { specs }: CoordinatorPorts,
) {
  return presentDeclared(await specs.declare(request.specYaml));
}
