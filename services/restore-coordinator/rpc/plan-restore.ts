import type { CallContext } from '#libs/runtime/contract.ts';
import { planRestore as plan } from '../domain/restore-plan.ts';
import type { CoordinatorPorts } from '../ports.ts';

/** A dry run: what would be done, every problem at once, and the digest that StartRestore wants. Touches nothing. */
export async function planRestore(
  request: { deployment: string; backupId: string },
  context: CallContext,
  ports: CoordinatorPorts,
) {
  const { digest, parameters, steps, problems, warnings, facts } = await planFor(request, context, ports);
  return {
    planDigest: digest,
    deployment: request.deployment,
    backupId: parameters.backupId,
    steps,
    problems,
    warnings,
    factsJson: JSON.stringify(facts),
  };
}

export async function planFor(
  request: { deployment: string; backupId: string },
  context: CallContext,
  { specs, manifests, inquiry }: CoordinatorPorts,
) {
  const { version } = await specs.read(request.deployment);
  const stored = await manifests.read(request.deployment, request.backupId || 'latest');
  const { deployment } = request;
  const snapshots = stored.manifest.snapshots.map(({ component, id, digest }) => ({ component, id, digest }));
  const answer = await inquiry.preflight(
    { deployment, specVersion: version, purpose: 'PURPOSE_RESTORE', snapshots },
    context.signal,
  );
  return { ...plan(stored, version, answer), specVersion: version };
}
