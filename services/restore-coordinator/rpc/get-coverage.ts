import { HoldfastError } from '#libs/kernel/errors.ts';
import { partsOf, sitesOf } from '#libs/contracts/sites.ts';
import type { CallContext } from '#libs/runtime/contract.ts';
import { liveCoverage, type LiveFacts } from '../domain/live-coverage.ts';
import type { CoordinatorPorts, StoredManifest } from '../ports.ts';

/** Asks every component how much is there now, and compares it with a backup. Throws MANIFEST_DAMAGED. */
export async function getCoverage(
  request: { deployment: string; backupId: string },
  { signal }: CallContext,
  { specs, manifests, inquiry }: CoordinatorPorts,
) {
  const { deployment } = request;
  const { version, spec } = await specs.read(deployment);
  const stored = await findBackup(request, manifests);
  const { problems, facts } = await inquiry.preflight(
    {
      deployment,
      specVersion: version,
      purpose: 'PURPOSE_COVERAGE',
      parts: partsOf(sitesOf(spec)),
      snapshots: [],
      relocationJson: '',
    },
    signal,
  );
  return {
    deployment,
    backupId: stored?.manifest.backupId ?? '',
    mark: stored?.manifest.mark ?? '',
    lines: liveCoverage(facts as unknown as LiveFacts, stored?.manifest),
    problems,
    factsJson: JSON.stringify(facts),
  };
}

/** No backup at all is an answer; one that was named and is not there is not. */
async function findBackup(
  { deployment, backupId }: { deployment: string; backupId: string },
  manifests: CoordinatorPorts['manifests'],
): Promise<StoredManifest | undefined> {
  try {
    return await manifests.read(deployment, backupId || 'latest');
  } catch (thrown) {
    const { code } = HoldfastError.from(thrown);
    if (code === 'BACKUP_NOT_FOUND' && (backupId || 'latest') === 'latest') return undefined;
    throw thrown;
  }
}
