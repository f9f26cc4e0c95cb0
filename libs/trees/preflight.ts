import type { Spec } from '#libs/contracts/spec.ts';
import type { Problem } from '#libs/kernel/errors.ts';
import type { Snapshot } from '#libs/repository/port.ts';
import type { PinnedSpec } from '#libs/runtime/spec-store.ts';
import { occupied, planPlaces } from './places.ts';
import type { NamedPlace, PlaceFacts } from './port.ts';
import type { TreePorts } from './ports.ts';
import { examineRewrites, rewritesIn, type SettingChange } from './rewrite.ts';
import type { TreeComponent } from './steps.ts';

export interface PreflightRequest extends PinnedSpec {
  readonly purpose: string;
  readonly snapshotId: string;
  readonly snapshotDigest: string;
  readonly snapshotDeployment: string;
}

/** What a restore of a snapshot to the roots of the spec would meet, all of it; leaves nothing behind. */
export async function examineRestore(
  request: PreflightRequest,
  { component, roots }: TreeComponent,
  spec: Spec,
  { signal, ...ports }: TreePorts & { readonly signal: AbortSignal },
): Promise<{
  readonly snapshot: Snapshot;
  readonly places: readonly NamedPlace[];
  readonly problems: readonly Problem[];
  readonly facts: { readonly places: readonly PlaceFacts[]; readonly settings: readonly SettingChange[] };
}> {
  const { snapshotDeployment: deployment, snapshotId: id, snapshotDigest: digest, relocationJson } = request;
  const snapshot = await ports.snapshots.require({ deployment, component, id, digest }, signal);
  const { places, problems } = planPlaces(snapshot, roots);
  const resolved = rewritesIn(roots, spec, { source: deployment, relocationJson }, ports.requireSecret);
  const rewritten = await examineRewrites(resolved.rewrites, snapshot, places, { ...ports, signal });
  const probed = await ports.trees.probe(places.filter(({ absent }) => !absent));
  return {
    snapshot,
    places,
    problems: [
      ...problems,
      ...probed.problems,
      ...occupied(relocationJson, probed.facts),
      ...resolved.problems,
      ...rewritten.problems,
    ],
    facts: { places: probed.facts, settings: rewritten.settings },
  };
}
