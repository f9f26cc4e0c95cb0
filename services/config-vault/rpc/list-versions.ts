import type { ConfigFacts } from '#libs/contracts/tree-snapshot.ts';
import type { CallContext } from '#libs/runtime/contract.ts';
import type { ConfigPorts } from '../ports.ts';

/** Every config snapshot of the deployment, newest first: names and fingerprints, never values. */
export async function listVersions(
  { deployment }: { readonly deployment: string },
  { signal }: CallContext,
  { vault, snapshots }: ConfigPorts,
) {
  const versions = [];
  for await (const id of vault.versions(deployment, signal)) {
    const { takenAt, facts } = await snapshots.find({ deployment, component: 'config', id }, signal);
    const { values } = facts as unknown as ConfigFacts;
    versions.push({ snapshotId: id, takenAt, values });
  }
  return { versions: versions.toSorted((a, b) => b.takenAt.localeCompare(a.takenAt)) };
}
