/**
 * The source, but a wait for its next piece ends when the signal fires: also a source that heeds no signal can be
 * left. One listener for all pieces: racing each against a promise of the signal would keep every loser alive.
 */
export async function* abortable<T>(
  source: AsyncIterable<T> | Iterable<T>,
  signal: AbortSignal | undefined,
): AsyncIterable<T> {
  if (signal === undefined) return yield* source;
  signal.throwIfAborted();
  const iterator =
    Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  let leave: (reason: unknown) => void = () => {};
  const onAbort = () => {
    leave(signal.reason);
  };
  signal.addEventListener('abort', onAbort);
  let isOver = false;
  try {
    for (;;) {
      const next = await new Promise<IteratorResult<T>>((resolve, reject) => {
        leave = reject;
        Promise.resolve(iterator.next()).then(resolve, reject);
      });
      if (next.done === true) {
        isOver = true;
        return;
      }
      yield next.value;
      signal.throwIfAborted();
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    // Not awaited: a source that hangs would hang here too.
    if (!isOver) Promise.resolve(iterator.return?.()).catch(() => {});
  }
}
