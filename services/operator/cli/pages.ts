const PAGE_MAX = 500;

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
