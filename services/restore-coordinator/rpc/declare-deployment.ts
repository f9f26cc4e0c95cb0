import type { Spec } from '#libs/contracts/spec.ts';
import type { Problem } from '#libs/kernel/errors.ts';
import type { CallContext } from '#libs/runtime/contract.ts';
import { presentDeclared } from '../domain/present.ts';
import { sharedPlaces } from '../domain/shared-places.ts';
import type { CoordinatorPorts } from '../ports.ts';

/** Stores the YAML as the next version; the same text again is the same version. Throws SPEC_INVALID. */
export async function declareDeployment(
  request: { specYaml: string },
  _: CallContext,
  { specs }: CoordinatorPorts,
) {
  const declared = await specs.declare(request.specYaml);
  return presentDeclared(declared, await findShared(declared.spec, specs));
}

/** A spec of an older version that does not read any more keeps nobody from declaring, or restoring, another one. */
export async function findShared(
  spec: Spec,
  specs: Pick<CoordinatorPorts['specs'], 'list' | 'read'>,
): Promise<readonly Problem[]> {
  const others = await Promise.allSettled(
    (await specs.list()).map(async (name) => (await specs.read(name)).spec),
  );
  return sharedPlaces(
    spec,
    others.flatMap((other) => (other.status === 'fulfilled' ? [other.value] : [])),
  );
}
