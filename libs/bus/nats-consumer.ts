import { AckPolicy, nanos, type Consumer, type JsMsg } from 'nats';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { ACK_WAIT_MS, type RawDelivery } from './deliver.ts';
import { isApiError } from './nats-streams.ts';
import { publishUntilStored, type Jet } from './nats-publish.ts';
import type { ConsumeOptions } from './port.ts';
import type { Fetch } from './slots.ts';
import { parkedSubject } from './streams.ts';

/** Each open fetch costs both sides work when it ends (measured 2026-11: 2 ms); a server that lost its consumers is noticed after one. */
const FETCH_MS = 5_000;
const CONSUMER_NOT_FOUND = [10_014, 10_059];
/** Free pull requests per consumer; far above slots times processes. */
const WAITING_MAX = 512;

export async function openFetch(jet: Jet, options: ConsumeOptions): Promise<Fetch> {
  let consumer = await ensureConsumer(jet, options);
  return async (stopping) => {
    try {
      const next = consumer.next({ expires: FETCH_MS });
      const message = await unlessAborted(next, stopping);
      // A stop does not wait for the open fetch: what still comes of it goes back to the queue at once.
      if (message === undefined) next.then((late) => late?.nak(0)).catch(() => {});
      return message == null ? undefined : rawOf(jet, options, message);
    } catch (thrown) {
      // The server may have come back without its disk, or the consumer was removed: make it anew.
      consumer = await ensureConsumer(jet, options);
      throw thrown;
    }
  };
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const { promise: aborted, resolve } = Promise.withResolvers<undefined>();
  const onAbort = () => resolve(undefined);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function ensureConsumer({ manager, stream }: Jet, options: ConsumeOptions): Promise<Consumer> {
  const wanted = {
    durable_name: options.durable,
    filter_subject: options.filterSubject,
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(options.ackWaitMs ?? ACK_WAIT_MS),
    // We count, park and pause ourselves: the server's own limit would drop without a copy.
    max_deliver: -1,
    max_waiting: WAITING_MAX,
  };
  const found = await manager.consumers.info(options.stream, options.durable).catch((thrown: unknown) => {
    if (CONSUMER_NOT_FOUND.some((code) => isApiError(thrown, code))) return undefined;
    throw thrown;
  });
  if (found === undefined) await manager.consumers.add(options.stream, wanted);
  else if (
    found.config.ack_wait !== wanted.ack_wait ||
    found.config.filter_subject !== wanted.filter_subject
  ) {
    await manager.consumers.update(options.stream, options.durable, {
      ack_wait: wanted.ack_wait,
      filter_subject: wanted.filter_subject,
    });
  }
  return stream.consumers.get(options.stream, options.durable);
}

function rawOf(jet: Jet, options: ConsumeOptions, message: JsMsg): RawDelivery {
  return {
    subject: message.subject,
    bytes: message.data,
    attempt: message.info.deliveryCount,
    working: () => message.working(),
    async ack() {
      if (!(await message.ackAck()))
        throw new HoldfastError('BUS_UNREACHABLE', {
          reason: 'acknowledgement was not confirmed',
          subject: message.subject,
        });
    },
    nak: (delayMs) => message.nak(delayMs),
    async park(reason, told) {
      const original = Object.fromEntries(
        (message.headers?.keys() ?? []).map((key) => [key, message.headers?.get(key) ?? '']),
      );
      await publishUntilStored(
        jet,
        {
          subject: parkedSubject(options.stream),
          id: `${options.stream}:${message.seq}:${options.durable}`,
          bytes: message.data,
          headers: {
            ...original,
            'Holdfast-Subject': message.subject,
            'Holdfast-Deliveries': String(message.info.deliveryCount),
            'Holdfast-Code': reason.code,
            'Holdfast-Reason': reason.message.replaceAll(/[\r\n]+/g, ' '),
          },
        },
        {},
      );
      await told();
      message.term(reason.code);
    },
  };
}
