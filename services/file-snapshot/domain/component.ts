import type { Spec } from '#libs/contracts/spec.ts';
import type { TreeComponent } from '#libs/trees/steps.ts';

/** What the spec declares as document trees. */
export function filesOf(spec: Spec): TreeComponent {
  return { component: 'files', roots: spec.files.roots.map((root) => ({ ...root, single: false })) };
}
