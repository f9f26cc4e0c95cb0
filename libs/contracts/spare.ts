import { HoldfastError, problem, type Problem } from '#libs/kernel/errors.ts';
import { envValues } from '#libs/kernel/env-values.ts';
import type { Spec } from './spec.ts';

/**
 * Where the role may not create databases there are two of them, made by an administrator: the application's env file
 * names the live one, a restore fills the other, and the switch is the env file's.
 */
export type Spare = NonNullable<Spec['database']['spare']>;

/** By what the env file says now; without one the first is live. Throws CONFIG_INVALID when it names neither. Pure. */
export function pairOf(spare: Spare, envFile: Uint8Array | undefined): { live: string; spare: string } {
  const [first, second] = spare.names;
  const value = envFile === undefined ? undefined : envValues(envFile).get(spare.variable);
  const named = value === undefined ? first : nameIn(value);
  if (named === first) return { live: first, spare: second };
  if (named === second) return { live: second, spare: first };
  throw new HoldfastError('CONFIG_INVALID', {
    file: spare.envFile,
    variable: spare.variable,
    wanted: `a database of database.spare.names: ${spare.names.join(', ')}`,
  });
}

/** The value with another database's name: an address keeps all else. Pure. */
export function withName(value: string, name: string): string {
  return ADDRESS.test(value)
    ? value.replace(ADDRESS, (_, head: string) => head + encodeURIComponent(name))
    : name;
}

/** Variables that are the deployment's own, whatever backup is restored. Pure. */
export function ownVariables({ config, database }: Spec): readonly string[] {
  return [...Object.keys(config.set), ...(database.spare === undefined ? [] : [database.spare.variable])];
}

/** The env file is half of such a database: neither is restored without the other. Pure. */
export function spareProblems(spec: Spec, components: readonly string[]): readonly Problem[] {
  const { spare } = spec.database;
  if (spare === undefined || components.includes('database') === components.includes('config')) return [];
  return [
    problem(
      'USAGE',
      'database.spare',
      `${spare.envFile} says which database is live: database and config are restored together`,
      'restore both: --only database --only config',
    ),
  ];
}

const ADDRESS = /^([a-z][a-z0-9+]*:\/\/[^/?#]*\/)[^?#]*/;

function nameIn(value: string): string {
  const address = ADDRESS.exec(value);
  return address === null ? value : decodeURIComponent(address[0].slice(address[1]!.length));
}
