import type { CallContext } from '#libs/runtime/contract.ts';
import { presentDeclared } from '../domain/present.ts';
import type { CoordinatorPorts } from '../ports.ts';

/** Every deployment with its newest declaration. */
export async function listDeployments(_request: object, _: CallContext, { specs }: CoordinatorPorts) {
  const names = await specs.list();
  return {
    deployments: await Promise.all(names.map(async (name) => presentDeclared(await specs.read(name)))),
  };
}
