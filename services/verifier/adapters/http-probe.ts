import { setTimeout as sleep } from 'node:timers/promises';
import type { Application } from '../ports.ts';

/** An application that was just started needs a moment; after this it counts as not answering. */
const PATIENCE_MS = 60_000;
const PAUSE_MS = 500;
const ANSWER_MS = 10_000;

/** Status of a GET; waits for a server that does not listen yet. 0 when it never answered. */
export const httpProbe: Application = {
  async statusOf(url, signal) {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const status = await tryStatus(url, signal);
      if (status !== 0 || Date.now() > deadline) return status;
      await sleep(PAUSE_MS, undefined, { signal });
    }
  },
};

async function tryStatus(url: string, signal: AbortSignal): Promise<number> {
  try {
    const response = await fetch(url, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
      redirect: 'manual',
    });
    await response.body?.cancel();
    return response.status;
  } catch {
    signal.throwIfAborted();
    return 0;
  }
}
