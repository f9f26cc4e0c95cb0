import { parseRelocation } from '#libs/contracts/relocation.ts';
import type { RootFacts, TreeRoot } from '#libs/contracts/tree-snapshot.ts';
import { problem, type Problem } from '#libs/kernel/errors.ts';
import type { Snapshot } from '#libs/repository/port.ts';
import { TOP } from './paths.ts';
import type { NamedPlace, PlaceNeed } from './port.ts';

/** Where each root of a snapshot goes on this deployment: the spec says. A root it does not declare is a problem. */
export function planPlaces(
  snapshot: Pick<Snapshot, 'facts'>,
  roots: readonly TreeRoot[],
): { readonly places: readonly (NamedPlace & PlaceNeed)[]; readonly problems: readonly Problem[] } {
  const taken = (snapshot.facts as unknown as { roots: readonly RootFacts[] }).roots;
  const rootOf = pairing(
    taken.map(({ name }) => name),
    roots,
  );
  const places = taken.flatMap(({ name, state, bytes, files, folders, links }) => {
    const root = rootOf(name);
    // Captured without a single entry: the file could not be read, and what is live stays.
    const nothing = state === 'captured' && files + folders + links === 0;
    if (root === undefined || nothing) return [];
    const { path, single } = root;
    return [{ name, path, single, absent: state === 'absent', bytes, entries: files + folders + links }];
  });
  const problems = taken
    .filter(({ name, state }) => state === 'captured' && rootOf(name) === undefined)
    .map(({ name, path }) =>
      problem(
        'ROOT_MISSING',
        name,
        `the snapshot holds ${name} (${path}), and the spec declares no such root`,
        'add it to the spec, then: holdfast init --spec FILE',
      ),
    );
  return { places, problems };
}

const ENV_PREFIX = 'env:';

/** By name; env files, which are named by where they lie, of another deployment by their order when there are as many. */
function pairing(
  taken: readonly string[],
  roots: readonly TreeRoot[],
): (name: string) => TreeRoot | undefined {
  const byName = new Map(roots.map((root) => [root.name, root]));
  const strange = taken.filter((name) => name.startsWith(ENV_PREFIX) && !byName.has(name));
  const free = roots.filter(({ name, single }) => single && !taken.includes(name));
  const byOrder = new Map(strange.length === free.length ? strange.map((name, at) => [name, free[at]]) : []);
  return (name) => byName.get(name) ?? byOrder.get(name);
}

/** Side by side means that nothing gives way: a place that is there already is a problem. */
export function occupied(
  relocationJson: string,
  facts: readonly { readonly name: string; readonly path: string; readonly exists: boolean }[],
): readonly Problem[] {
  if (parseRelocation(relocationJson)?.application !== 'leave-alone') return [];
  return facts
    .filter(({ exists }) => exists)
    .map(({ name, path }) =>
      problem('PLACE_IN_USE', name, `${path} is there already`, 'name another folder with --beside'),
    );
}

/** The place a file belongs to, and its path there as records have it. */
export function locate<T extends Pick<NamedPlace, 'path' | 'single'>>(
  file: string,
  places: readonly T[],
): { readonly place: T; readonly path: string } | undefined {
  for (const place of places) {
    if (place.single && place.path === file) return { place, path: TOP };
    if (!place.single && file.startsWith(`${place.path}/`))
      return { place, path: Buffer.from(file.slice(place.path.length + 1)).toString('latin1') };
  }
  return undefined;
}
