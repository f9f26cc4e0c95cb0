import type { ConfigFacts } from '#libs/contracts/tree-snapshot.ts';
import { problem, type Problem } from '#libs/kernel/errors.ts';
import { envValues } from '#libs/kernel/env-values.ts';

/** Required variables that none of the env files sets. */
export function missingNow(required: readonly string[], files: readonly Buffer[]): readonly Problem[] {
  const set = new Set<string>();
  for (const file of files) for (const [name, value] of envValues(file)) if (value !== '') set.add(name);
  return required.filter((name) => !set.has(name)).map((name) => missing(name, 'no env file sets it'));
}

/** Required variables that a restore would not bring back. */
export function missingInSnapshot(
  required: readonly string[],
  facts: ConfigFacts,
  own: ReadonlySet<string>,
): readonly Problem[] {
  const empty = new Set(facts.missingVariables);
  const held = new Set(facts.values.map(({ name }) => name).filter((name) => !empty.has(name)));
  return required
    .filter((name) => !held.has(name) && !own.has(name))
    .map((name) => missing(name, 'the snapshot does not hold it'));
}

/** Programs that the source had and this host has not. */
export function missingPrograms(
  then: ConfigFacts['runtime'],
  now: ConfigFacts['runtime'],
): readonly Problem[] {
  const here = new Set(now.filter(({ found }) => found).map(({ name }) => name));
  return then
    .filter(({ name, found }) => found && !here.has(name))
    .map(({ name, version }) =>
      problem(
        'TOOL_MISSING',
        name,
        `the source had ${version || name}, this host has none`,
        `install ${name}`,
      ),
    );
}

function missing(name: string, message: string): Problem {
  return problem('VARIABLE_MISSING', name, message);
}
