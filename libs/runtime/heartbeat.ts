/** Many times within what the bus takes for silence (libs/bus/deliver.ts), and rare enough to cost nothing. */
const HEARTBEAT_MS = 5_000;

/**
 * Tells a sign of life at once and again for as long as `work` lasts. Only around what has a liveness of its own (a
 * child process, a query on a connection with keepalive): around anything else it would hide that the work hangs.
 */
export async function withHeartbeat<T>(tell: () => void, work: () => Promise<T>): Promise<T> {
  tell();
  const timer = setInterval(tell, HEARTBEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

/**
 * As `withHeartbeat`, around each wait for the next piece: a COPY that finds no living row for hours is at work. What
 * happens between two pieces, a store that hangs, is not covered.
 */
export async function* withHeartbeats<T>(tell: () => void, source: AsyncIterable<T>): AsyncIterable<T> {
  const reading = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await withHeartbeat(tell, () => reading.next());
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await reading.return?.();
  }
}
