import { HoldfastError } from '#libs/kernel/errors.ts';

const NAME_BYTES_MAX = 512;
const TOKEN = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/;

/** Slash-separated tokens of letters, digits, dot, dash, underscore; none begins with a dot. Throws OBJECT_NAME_INVALID. */
export function requireName(name: string): string {
  if (!isName(name)) throw new HoldfastError('OBJECT_NAME_INVALID', { object: name.slice(0, 80) });
  return name;
}

/** For what others may have put beside our objects: it is never listed. */
export function isName(text: string): boolean {
  return text.length <= NAME_BYTES_MAX && text.split('/').every((token) => TOKEN.test(token));
}

/** '' for everything, or whole tokens and a closing slash. */
export function requirePrefix(prefix: string): string {
  if (prefix === '') return prefix;
  if (!prefix.endsWith('/'))
    throw new HoldfastError('OBJECT_NAME_INVALID', { prefix, wanted: 'whole tokens and a closing slash' });
  requireName(prefix.slice(0, -1));
  return prefix;
}
