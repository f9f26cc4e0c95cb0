import { atSite } from '#libs/contracts/sites.ts';
import type { Spec } from '#libs/contracts/spec.ts';
import type { TreeRoot } from '#libs/contracts/tree-snapshot.ts';
import type { TreeComponent } from '#libs/trees/steps.ts';

const ENV_PREFIX = 'env:';

/** What the spec declares as configuration of a site: each env file is a root of its own, then the trees. */
export function configOf(spec: Spec, site: string): TreeComponent {
  const { config } = atSite(spec, site);
  const files: TreeRoot[] = config.envFiles.map(({ path }) => ({
    name: envRoot(path),
    path,
    optional: false,
    single: true,
    exclude: [],
  }));
  const trees: TreeRoot[] = config.trees.map((root) => ({ ...root, single: false }));
  return { component: 'config', roots: [...files, ...trees] };
}

export function envRoot(path: string): string {
  return `${ENV_PREFIX}${path}`;
}

/** Path of the env file a root stands for; undefined for a tree. */
export function envPathOf(root: string): string | undefined {
  return root.startsWith(ENV_PREFIX) ? root.slice(ENV_PREFIX.length) : undefined;
}
