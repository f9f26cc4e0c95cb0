import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Context } from './command.ts';

/** Throws USAGE where nobody can answer, CANCELLED on a no. */
export async function requireYes(question: string, { terminal }: Context, yes: boolean): Promise<void> {
  if (yes) return;
  if (!terminal.interactive)
    throw new HoldfastError('USAGE', {
      missingOption: '--yes',
      remedy: 'nobody can be asked here: give --yes',
    });
  if (await terminal.confirm(question)) return;
  throw new HoldfastError('CANCELLED', { reason: 'not approved' });
}
