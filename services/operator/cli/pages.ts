/** A manifest may have 100 KiB and more; a message has 64 MiB. */
const PAGE_MAX = 100;

/** Reads pages until there are `limit` items or none are left. */
export async function collectPages<T>(
  limit: number,
  read: (page: { pageSize: number; pageToken: string }) => Promise<{ items: readonly T[]; next: string }>,
): Promise<readonly T[]> {
  const items: T[] = [];
  let pageToken = '';
  do {
    const page = await read({ pageSize: Math.min(limit - items.length, PAGE_MAX), pageToken });
    items.push(...page.items);
    pageToken = page.next;
  } while (pageToken !== '' && items.length < limit);
  return items;
}
