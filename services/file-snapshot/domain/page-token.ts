import { HoldfastError } from '#libs/kernel/errors.ts';

const PAGE_DEFAULT = 200;
/** Keeps one answer well below what a message may be. */
const PAGE_MAX = 5_000;

export function pageSizeOf(asked: number): number {
  return asked === 0 ? PAGE_DEFAULT : Math.min(asked, PAGE_MAX);
}

/** Opaque to callers: the number of records of the listing that were passed. */
export function encodeToken(position: number): string {
  return Buffer.from(`listing:${position}`).toString('base64url');
}

/** Throws MESSAGE_MALFORMED. */
export function decodeToken(token: string): number {
  if (token === '') return 0;
  const match = /^listing:(\d{1,15})$/.exec(Buffer.from(token, 'base64url').toString('latin1'));
  if (match === null) throw new HoldfastError('MESSAGE_MALFORMED', { field: 'page_token' });
  return Number(match[1]);
}
