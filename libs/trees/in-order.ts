/** Works on several at once and yields in the order of the source; holds at most `limit` results. */
export async function* inOrder<T, R>(
  source: AsyncIterable<T>,
  limit: number,
  work: (item: T) => Promise<R>,
): AsyncIterable<R> {
  const pending: Promise<R>[] = [];
  try {
    for await (const item of source) {
      const started = work(item);
      // Whoever comes to its turn sees the failure; until then it is nobody's unhandled rejection.
      started.catch(() => {});
      pending.push(started);
      if (pending.length >= limit) yield await pending.shift()!;
    }
    while (pending.length > 0) yield await pending.shift()!;
  } finally {
    await Promise.allSettled(pending);
  }
}
