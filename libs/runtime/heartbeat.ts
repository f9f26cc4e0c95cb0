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
