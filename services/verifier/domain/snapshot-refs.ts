import type { SnapshotRef } from '#libs/contracts/requests.ts';

/** One of each site. */
export function refsOf(
  refs: readonly SnapshotRef[],
  component: SnapshotRef['component'],
): readonly SnapshotRef[] {
  return refs.filter((candidate) => candidate.component === component);
}
