import type { SecretRef, Spec } from '#libs/contracts/spec.ts';
import type { Secret } from '#libs/kernel/secret.ts';
import type { PinnedSpec } from '#libs/runtime/spec-store.ts';
import type { Trees } from '#libs/trees/port.ts';
import type { TreeSnapshots } from '#libs/trees/snapshots.ts';

/** Declarations, for questions that come without a run. */
export interface Specs {
  /** Throws DEPLOYMENT_NOT_FOUND, SPEC_INVALID. */
  read(pinned: PinnedSpec, signal: AbortSignal): Promise<Spec>;
}

export interface FilePorts {
  readonly site: string;
  readonly trees: Trees;
  readonly snapshots: TreeSnapshots;
  readonly specs: Specs;
  /** Throws SECRET_MISSING and the like; see Host. */
  readonly requireSecret: (ref: SecretRef) => Secret;
}
