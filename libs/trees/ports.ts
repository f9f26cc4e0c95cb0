import type { SecretRef, Spec } from '#libs/contracts/spec.ts';
import type { Secret } from '#libs/kernel/secret.ts';
import type { Host } from '#libs/runtime/host.ts';
import { readSpec, type PinnedSpec } from '#libs/runtime/spec-store.ts';
import { openTrees } from './open.ts';
import type { Trees } from './port.ts';
import { treeSnapshots, type TreeSnapshots } from './snapshots.ts';

/** What a service that owns trees asks of the world. */
export interface TreePorts {
  readonly site: string;
  readonly trees: Trees;
  readonly snapshots: TreeSnapshots;
  readonly specs: Specs;
  /** Throws SECRET_MISSING and the like; see Host. */
  readonly requireSecret: (ref: SecretRef) => Secret;
}

/** Declarations, for questions that come without a run. */
export interface Specs {
  /** Throws DEPLOYMENT_NOT_FOUND, SPEC_INVALID. */
  read(pinned: PinnedSpec, signal: AbortSignal): Promise<Spec>;
}

export function treePorts({ store, repository, clock, site, requireSecret }: Host): TreePorts {
  return {
    site,
    trees: openTrees({ repository, clock }),
    snapshots: treeSnapshots(repository),
    specs: { read: (pinned, signal) => readSpec(store, pinned, { signal }) },
    requireSecret,
  };
}
