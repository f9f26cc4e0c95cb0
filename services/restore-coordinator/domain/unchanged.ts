import { changeText } from '#libs/contracts/change-text.ts';
import type { Change, Manifest } from '#libs/contracts/manifest.ts';
import type { Spec } from '#libs/contracts/spec.ts';
import { problem, refuseAll } from '#libs/kernel/errors.ts';
import type { Json } from '#libs/kernel/json.ts';
import { changesSince, isOfInstance } from './changes.ts';

export interface Comparison {
  readonly spec: Pick<Spec, 'deployment' | 'policy'>;
  /** Undefined for the first backup: there is nothing to compare with. */
  readonly previous: Manifest | undefined;
  readonly snapshots: Manifest['snapshots'];
  readonly acceptedBy: string | undefined;
}

/**
 * What the manifest says of the comparison. Throws CHANGED_SINCE_LAST with every change: when the policy refuses
 * changes, and by any policy when the database is another one; unless somebody accepted them.
 */
export function compareWithLast({
  spec,
  previous,
  snapshots,
  acceptedBy,
}: Comparison): Pick<Manifest, 'comparedWith' | 'changes' | 'changesAcceptedBy'> {
  if (previous === undefined) return {};
  const { deployment, policy } = spec;
  const changes = changesSince(previous, snapshots, policy.mayEmpty);
  const refused = policy.changes === 'refuse' ? changes.length > 0 : changes.some(isOfInstance);
  if (refused && acceptedBy === undefined) refuse(deployment, previous, changes);
  return {
    comparedWith: previous.backupId,
    changes: [...changes],
    ...(acceptedBy === undefined ? {} : { changesAcceptedBy: acceptedBy }),
  };
}

/** As above, before anything is read: from what the server says of itself. */
export function requireSameInstance(found: {
  readonly deployment: string;
  readonly previous: Manifest | undefined;
  readonly database: Json | undefined;
  readonly accepted: boolean;
}): void {
  const { deployment, previous, database, accepted } = found;
  if (previous === undefined || accepted) return;
  const seen = { component: 'database' as const, facts: (database ?? {}) as Record<string, unknown> };
  const snapshot = { ...seen, id: '', digest: '', sourceBytes: 0, newBytes: 0, packs: [] };
  const changes = changesSince(previous, [snapshot], []).filter(isOfInstance);
  if (changes.length > 0) refuse(deployment, previous, changes);
}

function refuse(deployment: string, previous: Manifest, changes: readonly Change[]): void {
  const remedy = `when all are meant: holdfast backup ${deployment} --accept-changes`;
  refuseAll(
    'CHANGED_SINCE_LAST',
    changes.map((change) => problem('CHANGED_SINCE_LAST', change.subject, changeText(change), remedy)),
    { deployment, comparedWith: previous.backupId, changes: changes.length, remedy },
  );
}
