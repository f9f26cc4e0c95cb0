import { HoldfastError } from '#libs/kernel/errors.ts';
import type { SecondStore } from '../ports.ts';

/** Throws SECOND_STORE_MISSING. */
export function requireSecond({ second }: { readonly second: SecondStore | undefined }): SecondStore {
  if (second === undefined) throw new HoldfastError('SECOND_STORE_MISSING', {});
  return second;
}
