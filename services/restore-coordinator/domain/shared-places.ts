import type { Spec } from '#libs/contracts/spec.ts';
import { problem, type Problem } from '#libs/kernel/errors.ts';

/**
 * Places that this deployment has in common with others, by what the specs say. A warning and no refusal: a deployment
 * that was renamed shares all of its places with its former name, and must be restorable. Pure.
 */
export function sharedPlaces(spec: Spec, others: readonly Spec[]): readonly Problem[] {
  const own = placesOf(spec);
  return others
    .filter(({ deployment }) => deployment !== spec.deployment)
    .flatMap((other) => {
      const theirs = placesOf(other);
      const shared = [...own].filter(([key]) => theirs.has(key)).map(([, shown]) => shown);
      return shared.length === 0 ? [] : [sharedWith(other.deployment, shared)];
    });
}

function sharedWith(other: string, shared: readonly string[]): Problem {
  return problem(
    'PLACE_IN_USE',
    other,
    `deployment ${other} has the same ${shared.join(', ')}: a restore of one is a restore of the other`,
    'declare it under one name only; for a copy with places of its own: holdfast restore DEPLOYMENT --to OTHER',
  );
}

/** Site and place → how a person knows it. */
function placesOf({ database, files, config }: Spec): ReadonlyMap<string, string> {
  const { url, name, site } = database;
  const address = 'env' in url ? url.env : url.file;
  const roots = [...files.roots, ...config.trees].map((root) => [root.site, root.path] as const);
  const envFiles = config.envFiles.map(({ site: at, path }) => [at, path] as const);
  return new Map([
    [JSON.stringify([site, 'database', address, name ?? '']), `database (${address})`],
    ...[...roots, ...envFiles].map(([at, path]) => [JSON.stringify([at, path]), path] as const),
  ]);
}
