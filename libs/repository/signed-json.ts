import { canonicalJson } from '#libs/kernel/json.ts';
import { verifyBytes } from './keys.ts';

/** Whether the key signed the value's canonical form; what has none, as damage can make it, nobody signed. */
export function isSignedJson(verifyingKey: string, value: unknown, signature: string): boolean {
  try {
    return verifyBytes({ verifying: verifyingKey }, Buffer.from(canonicalJson(value)), signature);
  } catch {
    return false;
  }
}
