import { createHash, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { Secret } from '#libs/kernel/secret.ts';

/** Read at each use, so that a changed token holds at once. Throws UNAUTHENTICATED when there is none. */
export type TokenSource = () => Promise<Secret>;

export function tokenFile(path: string): TokenSource {
  return async () => {
    const text = await readFile(path, 'utf8').catch((cause: unknown) => {
      throw new HoldfastError('UNAUTHENTICATED', { tokenFile: path }, { cause });
    });
    const token = text.trim();
    if (token === '')
      throw new HoldfastError('UNAUTHENTICATED', { tokenFile: path, reason: 'file is empty' });
    return new Secret(token);
  };
}

/** Compares digests, so that neither content nor length shows in the time it takes. */
export function sameToken(given: string, expected: Secret): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected.reveal()));
}
