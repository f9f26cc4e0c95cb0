import { HoldfastError } from '#libs/kernel/errors.ts';

const PAGE_DEFAULT = 50;
const PAGE_MAX = 500;

/**
 * One page of a list that grows at its head, by the names of its items. The opaque token names the last item of the page
 * before, so an insert meanwhile neither repeats nor skips one. When that very item is gone (a backup that was pruned)
 * the token is refused, and whoever lists begins anew.
 */
export function pageOf(ids: readonly string[], request: { pageSize: number; pageToken: string }) {
  const start = request.pageToken === '' ? 0 : indexAfter(ids, decodeToken(request.pageToken));
  const size = pageSizeOf(request);
  const page = ids.slice(start, start + size);
  const more = start + size < ids.length && page.length > 0;
  return { page, nextPageToken: more ? Buffer.from(page.at(-1)!).toString('base64url') : '' };
}

export function pageSizeOf({ pageSize }: { readonly pageSize: number }): number {
  return Math.min(pageSize === 0 ? PAGE_DEFAULT : pageSize, PAGE_MAX);
}

function decodeToken(token: string): string {
  return Buffer.from(token, 'base64url').toString('utf8');
}

function indexAfter(ids: readonly string[], id: string): number {
  const index = ids.indexOf(id);
  if (index < 0) throw new HoldfastError('MESSAGE_MALFORMED', { field: 'page_token' });
  return index + 1;
}
