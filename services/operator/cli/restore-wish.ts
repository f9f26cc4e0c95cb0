import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Input } from './command.ts';
import type { RestoreWish } from './front-door.ts';

const COMPONENTS = ['database', 'files', 'config'];

/** What the words and options of `holdfast restore` ask for. Throws USAGE. */
export function wishOf(input: Input): RestoreWish {
  return {
    deployment: input.word(0),
    backupId: input.text('backup') ?? 'latest',
    components: componentsOf(input),
  };
}

function componentsOf(input: Input): readonly string[] {
  const only = input.list('only');
  const unknown = only.find((component) => !COMPONENTS.includes(component));
  if (unknown !== undefined)
    throw new HoldfastError('USAGE', { option: '--only', seen: unknown, wanted: COMPONENTS.join(', ') });
  return [...new Set(only)];
}
