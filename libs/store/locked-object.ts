import { HoldfastError } from '#libs/kernel/errors.ts';

/** What a delete or a plain put of a retained object is answered, by every store alike. */
export function lockedObject(name: string, until: Date): HoldfastError {
  return new HoldfastError('STORE_REFUSED', { object: name, reason: `locked until ${until.toISOString()}` });
}
