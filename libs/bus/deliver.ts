import { setTimeout as pause } from 'node:timers/promises';
import { STORE_TROUBLES } from '#libs/kernel/catalogue.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Log } from '#libs/telemetry/log.ts';
import { EVENTS } from '#libs/telemetry/names.ts';
import { decodeEvent } from './envelope.ts';
import type { BusEvent, ConsumeOptions, DeliveryHandler } from './port.ts';

/** One message as an adapter hands it over. */
export interface RawDelivery {
  readonly subject: string;
  readonly bytes: Uint8Array;
  readonly attempt: number;
  /** Renews our claim for one ackWait. */
  working(): void;
  /** Resolves when the server confirmed it. */
  ack(): Promise<void>;
  nak(delayMs: number): void;
  /** Durable full copy in PARKED first, then off the queue; `told` runs between the two. */
  park(reason: HoldfastError, told: () => Promise<void>): Promise<void>;
}

/** Long enough for a pause of the host, short enough that a dead worker's command is soon with another. */
export const ACK_WAIT_MS = 30_000;
/** Index builds and hooks may move no bytes for minutes; steps call `alive` between phases. */
export const SILENT_MS = 15 * 60_000;
/** With the pauses below about six minutes of transient errors; or this many crashes of a worker. */
export const DELIVERIES_MAX = 12;
const NAK_DELAY_MS = { first: 1_000, most: 60_000 };

export function nakDelayMs(attempt: number): number {
  return Math.min(NAK_DELAY_MS.first * 2 ** (attempt - 1), NAK_DELAY_MS.most);
}

/** Owner of one delivery: runs the handler and settles the message. Never throws; one log line per failure. */
export async function settle(
  raw: RawDelivery,
  options: ConsumeOptions,
  handler: DeliveryHandler,
  stopping: AbortSignal,
  log: Log,
): Promise<void> {
  try {
    await deliver(raw, options, handler, stopping, log);
  } catch (thrown) {
    // Settling itself failed (the bus is away): the message comes again after ackWait.
    log.warn(EVENTS.deliveryUnacknowledged, { subject: raw.subject, attempt: raw.attempt, err: thrown });
  }
}

async function deliver(
  raw: RawDelivery,
  options: ConsumeOptions,
  handler: DeliveryHandler,
  stopping: AbortSignal,
  log: Log,
): Promise<void> {
  const deliveriesMax = options.deliveriesMax ?? DELIVERIES_MAX;
  const park = async (error: HoldfastError, event?: BusEvent): Promise<void> => {
    log.error(EVENTS.deliveryParked, { subject: raw.subject, attempt: raw.attempt, err: error });
    await raw.park(error, async () =>
      options.onParked?.({ subject: raw.subject, deliveries: raw.attempt, error, event }),
    );
  };
  const event = decoded(raw);
  if (event instanceof HoldfastError) return park(event);
  if (raw.attempt > deliveriesMax) {
    return park(
      new HoldfastError('INTERNAL', {
        reason: 'given up: its handler never came to an end',
        deliveries: raw.attempt - 1,
      }),
      event,
    );
  }
  const life = new Life(raw, options, event);
  const signal = AbortSignal.any([stopping, life.signal]);
  const delivery = { event, attempt: raw.attempt, signal, alive: () => life.sign() };
  const delayMs = options.nakDelayMs ?? nakDelayMs;
  const wait = async (failures: number, error: HoldfastError): Promise<void> => {
    log.warn(EVENTS.deliveryWaits, { subject: raw.subject, attempt: raw.attempt, err: error });
    await pause(delayMs(failures), undefined, { signal });
    life.sign();
  };
  try {
    await withPatience(() => handler(delivery), wait);
    await raw.ack();
  } catch (thrown) {
    const error = HoldfastError.from(thrown);
    if (stopping.aborted) return raw.nak(0);
    if (life.signal.aborted)
      return log.warn(EVENTS.deliverySilent, { subject: raw.subject, attempt: raw.attempt, err: error });
    if (error.entry.retry !== 'transient' || raw.attempt >= deliveriesMax) return await park(error, event);
    const delay_ms = delayMs(raw.attempt);
    log.warn(EVENTS.deliveryAgain, { subject: raw.subject, attempt: raw.attempt, delay_ms, err: error });
    raw.nak(delay_ms);
  } finally {
    life.end();
  }
}

/** A store that takes nothing is no fault of the message: it is kept in hand, and counts as one delivery however long. */
async function withPatience(
  work: () => Promise<void>,
  wait: (failures: number, error: HoldfastError) => Promise<void>,
): Promise<void> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await work();
    } catch (thrown) {
      const error = HoldfastError.from(thrown);
      if (!STORE_TROUBLES.has(error.code)) throw thrown;
      await wait(failures, error);
    }
  }
}

function decoded(raw: RawDelivery): BusEvent | HoldfastError {
  try {
    return decodeEvent(raw.bytes, raw.subject);
  } catch (thrown) {
    return HoldfastError.from(thrown);
  }
}

/** Renews the claim from a timer, but only while the work shows signs of life: a hung worker must lose its message. */
class Life {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #lastSign = performance.now();

  constructor(raw: RawDelivery, options: ConsumeOptions, event: BusEvent) {
    const silentMs = options.silentMs ?? SILENT_MS;
    this.#timer = setInterval(
      () => {
        if (performance.now() - this.#lastSign < silentMs) {
          raw.working();
          options.onRenewed?.(event);
          return;
        }
        this.end();
        this.#controller.abort(new HoldfastError('CANCELLED', { reason: 'no sign of life', silentMs }));
      },
      (options.ackWaitMs ?? ACK_WAIT_MS) / 3,
    );
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  sign(): void {
    this.#lastSign = performance.now();
  }

  end(): void {
    clearInterval(this.#timer);
  }
}
