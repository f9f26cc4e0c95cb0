import { COMPONENTS } from '#libs/contracts/sites.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Input } from './command.ts';

/** What `--only` names; none is all. Throws USAGE. */
export function componentsOf(input: Input): readonly string[] {
  const only = new Set(input.list('only'));
  const unknown = only.difference(new Set<string>(COMPONENTS));
  if (unknown.size > 0)
    throw new HoldfastError('USAGE', {
      option: '--only',
      seen: [...unknown].join(', '),
      wanted: COMPONENTS.join(', '),
    });
  return [...only];
}

interface Held {
  readonly components: readonly string[];
}

/** Something to restore everything from: readable, and of all components. */
export function isWhole({ components }: Held): boolean {
  return components.length === COMPONENTS.length;
}

/** `complete`, `partial`, `damaged`; of some components with their names. */
export function completenessText(backup: Held & { readonly completeness: string }): string {
  const { completeness, components } = backup;
  return isWhole(backup) || components.length === 0
    ? completeness
    : `${completeness}: ${components.join(', ')} only`;
}
