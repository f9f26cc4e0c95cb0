import type { SnapshotRef } from '#libs/contracts/requests.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';

export function requireRef(refs: readonly SnapshotRef[], component: SnapshotRef['component']): SnapshotRef {
  const [ref] = refsOf(refs, component);
  if (ref === undefined)
    throw new HoldfastError('MESSAGE_MALFORMED', { wanted: `a snapshot of ${component}` });
  return ref;
}

/** One of each site. */
export function refsOf(
  refs: readonly SnapshotRef[],
  component: SnapshotRef['component'],
): readonly SnapshotRef[] {
  return refs.filter((candidate) => candidate.component === component);
}
