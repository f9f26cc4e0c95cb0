import type { CallContext } from '#libs/runtime/contract.ts';
import { parseRelocation } from '#libs/contracts/relocation.ts';
import { livingPlaces } from '../domain/elsewhere.ts';
import { draftRestore, type RestoreWish } from '../domain/restore-plan.ts';
import type { CoordinatorPorts } from '../ports.ts';

/** A dry run: what would be done, every problem at once, and the digest that StartRestore wants. Touches nothing. */
export async function planRestore(request: RestoreWish, context: CallContext, ports: CoordinatorPorts) {
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
  wish: RestoreWish,
  context: CallContext,
  { specs, manifests, inquiry }: CoordinatorPorts,
) {
  const { deployment, relocationJson } = wish;
  const relocation = parseRelocation(relocationJson);
  const { version: specVersion, spec } = await specs.read(deployment);
  const stored = await manifests.read(wish.sourceDeployment || deployment, wish.backupId || 'latest');
  const draft = draftRestore({ stored, specVersion, components: wish.components, relocationJson });
  const { snapshots } = draft.parameters;
  const answer = await inquiry.preflight(
    { deployment, specVersion, purpose: 'PURPOSE_RESTORE', snapshots, relocationJson },
    context.signal,
  );
  const components = snapshots.map(({ component }) => component);
  const problems = [...livingPlaces(spec, relocation, components), ...answer.problems];
  return { ...draft, ...answer, problems, specVersion };
}
