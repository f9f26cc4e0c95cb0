import { fillIn, type DatabasePlace, type Rewrite } from '#libs/contracts/rewrite.ts';
import type { SecretRef, Spec } from '#libs/contracts/spec.ts';
import { HoldfastError, problem, type Problem } from '#libs/kernel/errors.ts';
import type { Secret } from '#libs/kernel/secret.ts';
import { parseAddress } from '#libs/postgres/address.ts';

/** A rewrite with its values; those that are secrets are named besides. */
export interface ResolvedRewrite extends Pick<Rewrite, 'file' | 'format'> {
  readonly values: ReadonlyMap<string, string>;
  readonly secrets: ReadonlySet<string>;
}

/** Rewrites of the spec with their values; a secret that nobody knows here is a problem. */
export function resolveRewrites(
  wanted: readonly Rewrite[],
  spec: Spec,
  requireSecret: (ref: SecretRef) => Secret,
): { readonly rewrites: readonly ResolvedRewrite[]; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  let place: DatabasePlace | undefined;
  const rewrites = wanted.map(({ file, format, set }) => {
    const values = new Map<string, string>();
    for (const [key, value] of Object.entries(set)) {
      try {
        const text = (): string => fillIn(value as string, spec, (place ??= placeOf(spec, requireSecret)));
        values.set(key, typeof value === 'string' ? text() : requireSecret(value).reveal());
      } catch (thrown) {
        const { code, message, remedy } = HoldfastError.from(thrown);
        problems.push(problem(code, `config.rewrite ${key} of ${file}`, message, remedy));
      }
    }
    const secrets = Object.keys(set).filter((key) => typeof set[key] !== 'string');
    return { file, format, values, secrets: new Set(secrets) };
  });
  return { rewrites, problems };
}

function placeOf({ database }: Spec, requireSecret: (ref: SecretRef) => Secret): DatabasePlace {
  const address = parseAddress(requireSecret(database.url));
  return { host: address.host, port: address.port, database: database.name ?? address.database };
}
