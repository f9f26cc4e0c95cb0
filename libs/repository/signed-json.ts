import { canonicalJson } from '#libs/kernel/json.ts';
import { verifyBytes, type RepositoryKeys } from './keys.ts';

/** Whether the key signed the value's canonical form; what has none, as damage can make it, nobody signed. */
export function isSignedJson(verifyingKey: string, value: unknown, signature: string): boolean {
  try {
    // Verifying takes nothing but the public key, and of a stranger's keys nothing else is known.
    const keys = { verifying: verifyingKey } as RepositoryKeys;
    return verifyBytes(keys, Buffer.from(canonicalJson(value)), signature);
  } catch {
    return false;
  }
}
