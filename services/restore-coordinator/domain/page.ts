import { HoldfastError } from '#libs/kernel/errors.ts';

const PAGE_DEFAULT = 50;
const PAGE_MAX = 500;

/**
 * One page of a list that only grows at its head. The opaque token names the last item of the page before, so an
 * insert meanwhile neither repeats nor skips one.
 */
export function pageOf<T>(
  items: readonly T[],
  idOf: (item: T) => string,
  request: { pageSize: number; pageToken: string },
) {
  const start = request.pageToken === '' ? 0 : indexAfter(items, idOf, decodeToken(request.pageToken));
  const size = Math.min(request.pageSize === 0 ? PAGE_DEFAULT : request.pageSize, PAGE_MAX);
  const page = items.slice(start, start + size);
  const more = start + size < items.length && page.length > 0;
  return { page, nextPageToken: more ? Buffer.from(idOf(page.at(-1)!)).toString('base64url') : '' };
}

function decodeToken(token: string): string {
  return Buffer.from(token, 'base64url').toString('utf8');
}

function indexAfter<T>(items: readonly T[], idOf: (item: T) => string, id: string): number {
  const index = items.findIndex((item) => idOf(item) === id);
  if (index < 0) throw new HoldfastError('MESSAGE_MALFORMED', { field: 'page_token' });
  return index + 1;
}
