import { relocate, type Relocation } from '#libs/contracts/relocation.ts';
import type { Spec } from '#libs/contracts/spec.ts';
import { problem, type Problem } from '#libs/kernel/errors.ts';

/** A restore that leaves the application alone must not have a single place of it. Pure. */
export function livingPlaces(
  spec: Spec,
  relocation: Relocation | undefined,
  components: readonly string[],
): readonly Problem[] {
  if (relocation?.application !== 'leave-alone') return [];
  const moved = relocate(spec, relocation);
  const { url, name } = relocation.database;
  const pathsOf = ({ files, config }: Spec) => ({
    files: files.roots.map(({ path }) => path),
    config: [...config.envFiles, ...config.trees].map(({ path }) => path),
  });
  const [now, then] = [pathsOf(spec), pathsOf(moved)];
  const stays = (['files', 'config'] as const)
    .filter((component) => components.includes(component))
    .flatMap((component) => now[component].filter((path) => then[component].includes(path)));
  const same =
    components.includes('database') && (name === undefined ? url === undefined : name === spec.database.name);
  return [...stays, ...(same ? ['the database'] : [])].map((place) =>
    problem(
      'PLACE_IN_USE',
      place,
      `${place} is the living one, and the application is to be left alone`,
      'name another place for it, or restore in place',
    ),
  );
}
