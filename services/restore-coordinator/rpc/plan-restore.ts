import type { CallContext } from '#libs/runtime/contract.ts';
import { holds } from '#libs/contracts/manifest.ts';
import { parseRelocation, relocate } from '#libs/contracts/relocation.ts';
import { sitesOf } from '#libs/contracts/sites.ts';
import { spareProblems } from '#libs/contracts/spare.ts';
import { livingPlaces } from '../domain/elsewhere.ts';
import { draftRestore, type RestoreWish } from '../domain/restore-plan.ts';
import { findShared } from './declare-deployment.ts';
import type { CoordinatorPorts, StoredManifest } from '../ports.ts';
import { restoreQuestion } from '../sagas/restore.ts';
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
  const stored = await readOffering({ specs, manifests }, wish);
  const sites = sitesOf(relocate(spec, relocation));
  const draft = draftRestore({
    deployment,
    stored,
    specVersion,
    sites,
    components: wish.components,
    relocationJson,
  });
  const { snapshots } = draft.parameters;
  const answer = await inquiry.preflight(
    restoreQuestion({ deployment, specVersion, snapshots, relocationJson }),
    context.signal,
  );
  const components = snapshots.map(({ component }) => component);
  const problems = [
    ...livingPlaces(spec, relocation, components),
    ...spareProblems(relocate(spec, relocation), components),
    ...answer.problems,
  ];
  // Beside the living system nothing of another one is touched either, or livingPlaces has said so.
  const shared = relocation === undefined ? await findShared(spec, specs) : [];
  return { ...draft, ...answer, problems, warnings: [...shared, ...answer.warnings], specVersion };
}

/**
 * A damaged manifest harms all components; what can be restored instead is named. Throws REFUSED for it, and
 * BACKUP_NOT_FOUND: for a backup of another deployment with how that is asked for.
 */
async function readOffering(
  { specs, manifests }: Pick<CoordinatorPorts, 'specs' | 'manifests'>,
  { sourceDeployment, deployment, backupId, components }: RestoreWish,
): Promise<StoredManifest> {
  const source = sourceDeployment || deployment;
  try {
    return await manifests.read(source, backupId || 'latest', components);
  } catch (thrown) {
    const error = HoldfastError.from(thrown);
    if (error.code === 'BACKUP_NOT_FOUND') {
      for (const other of await specs.list())
        if (other !== source) await refuseForeign(manifests, { other, deployment, backupId });
    }
    if (error.code !== 'MANIFEST_DAMAGED') throw error;
    const damaged = String(error.details['id']);
    const older = await findOlder(manifests, source, { damaged, components });
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

/** An id without its deployment could be meant for it, or be a slip that replaces one system by another. */
async function refuseForeign(
  manifests: CoordinatorPorts['manifests'],
  { other, deployment, backupId }: { other: string; deployment: string; backupId: string },
): Promise<void> {
  const found = await manifests.read(other, backupId).catch(() => undefined);
  if (backupId === 'latest' || found === undefined) return;
  throw new HoldfastError('BACKUP_NOT_FOUND', {
    deployment,
    backup: backupId,
    reason: `it is a backup of ${other}`,
    remedy: `if ${deployment} is to become a copy of ${other}: holdfast restore ${other} --to ${deployment} --backup ${backupId}`,
  });
}

async function findOlder(
  manifests: CoordinatorPorts['manifests'],
  deployment: string,
  { damaged, components }: { damaged: string; components: readonly string[] },
): Promise<string | undefined> {
  let passed = false;
  for await (const listed of manifests.list(deployment))
    if ('damaged' in listed) passed ||= listed.backupId === damaged;
    else if (passed && holds(listed.manifest, components)) return listed.manifest.backupId;
  return undefined;
}
