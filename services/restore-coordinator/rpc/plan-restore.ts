import type { CallContext } from '#libs/runtime/contract.ts';
import { parseRelocation, relocate } from '#libs/contracts/relocation.ts';
import { sitesOf } from '#libs/contracts/sites.ts';
import { livingPlaces } from '../domain/elsewhere.ts';
import { draftRestore, type RestoreWish } from '../domain/restore-plan.ts';
import type { CoordinatorPorts, StoredManifest } from '../ports.ts';
import { partsOfSnapshots } from '../sagas/restore.ts';
import { HoldfastError, problem } from '#libs/kernel/errors.ts';

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
  const stored = await readOffering(manifests, wish);
  const sites = sitesOf(relocate(spec, relocation));
  const draft = draftRestore({ stored, specVersion, sites, components: wish.components, relocationJson });
  const { snapshots } = draft.parameters;
  const answer = await inquiry.preflight(
    {
      deployment,
      specVersion,
      purpose: 'PURPOSE_RESTORE',
      parts: partsOfSnapshots(snapshots),
      snapshots,
      relocationJson,
    },
    context.signal,
  );
  const components = snapshots.map(({ component }) => component);
  const problems = [...livingPlaces(spec, relocation, components), ...answer.problems];
  return { ...draft, ...answer, problems, specVersion };
}

/** A damaged manifest harms all components; what can be restored instead is named. Throws REFUSED for it. */
async function readOffering(
  manifests: CoordinatorPorts['manifests'],
  { sourceDeployment, deployment, backupId }: RestoreWish,
): Promise<StoredManifest> {
  const source = sourceDeployment || deployment;
  try {
    return await manifests.read(source, backupId || 'latest');
  } catch (thrown) {
    const error = HoldfastError.from(thrown);
    if (error.code !== 'MANIFEST_DAMAGED') throw error;
    const damaged = String(error.details['id']);
    const older = await findOlder(manifests, source, damaged);
    const remedy =
      older === undefined
        ? 'no older backup of this store has a whole manifest'
        : `restore an older one: holdfast restore ${source} --backup ${older}`;
    const harmed = problem(
      error.code,
      `backups/${source}/${damaged}.json`,
      'is damaged, and with it database, files, config',
      remedy,
    );
    throw new HoldfastError('REFUSED', { backup: damaged, olderBackup: older ?? '' }, { problems: [harmed] });
  }
}

async function findOlder(
  manifests: CoordinatorPorts['manifests'],
  deployment: string,
  damaged: string,
): Promise<string | undefined> {
  for await (const listed of manifests.list(deployment))
    if ('manifest' in listed && listed.manifest.backupId < damaged) return listed.manifest.backupId;
  return undefined;
}
