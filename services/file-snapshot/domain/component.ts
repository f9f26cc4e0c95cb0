import { atSite } from '#libs/contracts/sites.ts';
import type { Spec } from '#libs/contracts/spec.ts';
import type { TreeComponent } from '#libs/trees/steps.ts';

/** What the spec declares as document trees of a site. */
export function filesOf(spec: Spec, site: string): TreeComponent {
  const { roots } = atSite(spec, site).files;
  return { component: 'files', roots: roots.map((root) => ({ ...root, single: false })) };
}
