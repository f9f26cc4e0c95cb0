import type { RootFacts, TreeRoot } from '#libs/contracts/tree-snapshot.ts';
import { problem, type Problem } from '#libs/kernel/errors.ts';
import type { Snapshot } from '#libs/repository/port.ts';
import type { NamedPlace, PlaceNeed } from './port.ts';

/** Where each root of a snapshot goes on this deployment: the spec says. A root it does not declare is a problem. */
export function planPlaces(
  snapshot: Pick<Snapshot, 'facts'>,
  roots: readonly TreeRoot[],
): { readonly places: readonly (NamedPlace & PlaceNeed)[]; readonly problems: readonly Problem[] } {
  const taken = (snapshot.facts as unknown as { roots: readonly RootFacts[] }).roots;
  const places = taken.flatMap(({ name, state, bytes, files, folders, links }) => {
    const root = roots.find((candidate) => candidate.name === name);
    // Captured without a single entry: the file could not be read, and what is live stays.
    const nothing = state === 'captured' && files + folders + links === 0;
    if (root === undefined || nothing) return [];
    const { path, single } = root;
    return [{ name, path, single, absent: state === 'absent', bytes, entries: files + folders + links }];
  });
  const problems = taken
    .filter(({ name, state }) => state === 'captured' && !roots.some((root) => root.name === name))
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
