import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Log } from '#libs/telemetry/log.ts';
import { EVENTS } from '#libs/telemetry/names.ts';
import { setTimeout as pause } from 'node:timers/promises';
import { settle, type RawDelivery } from './deliver.ts';
import type { ConsumeOptions, DeliveryHandler } from './port.ts';

/** Fetches one message, or returns undefined after a short wait. Throws when the bus does not answer. */
export type Fetch = (signal: AbortSignal) => Promise<RawDelivery | undefined>;

/** Between fetches that failed: the client reconnects every 200 ms by itself. */
const FETCH_PAUSE_MS = 500;

/** One fetch per free slot, so that a message waits on the server, where others can take it, and never in our memory. */
export function runSlots(
  options: ConsumeOptions,
  fetch: Fetch,
  handler: DeliveryHandler,
  log: Log,
): AsyncDisposable {
  const stopping = new AbortController();
  const slots = Array.from({ length: options.slots }, () =>
    runSlot(options, fetch, handler, stopping.signal, log),
  );
  return {
    [Symbol.asyncDispose]: async () => {
      stopping.abort(new HoldfastError('CANCELLED', { reason: 'consumer stops' }));
      await Promise.all(slots);
    },
  };
}

async function runSlot(
  options: ConsumeOptions,
  fetch: Fetch,
  handler: DeliveryHandler,
  stopping: AbortSignal,
  log: Log,
): Promise<void> {
  let failing = false;
  while (!stopping.aborted) {
    try {
      const raw = await fetch(stopping);
      failing = false;
      if (raw === undefined) continue;
      if (stopping.aborted) raw.nak(0);
      else await settle(raw, options, handler, stopping, log);
    } catch (thrown) {
      // Said once per outage, not once per fetch.
      if (!failing) log.warn(EVENTS.busFetchFailed, { durable: options.durable, err: thrown });
      failing = true;
      await pause(FETCH_PAUSE_MS, undefined, { signal: stopping }).catch(() => {});
    }
  }
}
