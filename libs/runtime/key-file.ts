import { readFile } from 'node:fs/promises';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { Secret } from '#libs/kernel/secret.ts';

/** The age identity of a key file; other lines are comments. Throws KEY_MISSING, KEY_WRONG when no line is one. */
export async function readIdentity(keyFile: string): Promise<Secret> {
  const text = await readFile(keyFile, 'utf8').catch((cause: unknown) => {
    throw new HoldfastError('KEY_MISSING', { keyFile }, { cause });
  });
  const identity = text.split(/\r?\n/).find((line) => line.startsWith('AGE-SECRET-KEY-'));
  if (identity === undefined)
    throw new HoldfastError('KEY_WRONG', { keyFile, reason: 'no line begins with AGE-SECRET-KEY-' });
  return new Secret(identity.trim());
}
