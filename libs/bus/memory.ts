import { systemClock, type Clock } from '#libs/kernel/clock.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Log } from '#libs/telemetry/log.ts';
import { ACK_WAIT_MS, type RawDelivery } from './deliver.ts';
import { encodeEvent } from './envelope.ts';
import { notice } from './notice.ts';
import { MemoryStream } from './memory-stream.ts';
import type { Bus, BusEvent, ConsumeOptions, StreamName } from './port.ts';
import { runSlots, type Fetch } from './slots.ts';
import { parkedSubject, STREAM_RULES, subjectMatches } from './streams.ts';

const PUBLISH_DEADLINE_MS = 30_000;

/** What the buses of one process share; lives and dies with it. */
export class MemoryBroker {
  readonly #streams: ReadonlyMap<StreamName, MemoryStream>;
  readonly #listeners = new Set<{
    readonly subject: string;
    readonly take: (bytes: Uint8Array, subject: string) => void;
  }>();

  constructor() {
    this.#streams = new Map(
      Object.entries(STREAM_RULES).map(([name, rules]) => [
        name as StreamName,
        new MemoryStream(name, rules),
      ]),
    );
  }

  stream(name: StreamName): MemoryStream {
    return this.#streams.get(name)!;
  }

  requireStreamOf(subject: string): MemoryStream {
    const found = [...this.#streams.values()].find((stream) => stream.takes(subject));
    if (found === undefined)
      throw new HoldfastError('BUS_UNREACHABLE', { subject, reason: 'no stream takes this subject' });
    return found;
  }

  /** Asynchronous, as on a wire: a listener never runs inside the sender. */
  emit(subject: string, bytes: Uint8Array): void {
    for (const listener of this.#listeners) {
      if (subjectMatches(listener.subject, subject))
        setImmediate(() => this.#listeners.has(listener) && listener.take(bytes, subject));
    }
  }

  listen(subject: string, take: (bytes: Uint8Array, subject: string) => void): Disposable {
    const listener = { subject, take };
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }
}

/** The bus without a server: same promises as long as the process lives. */
export function openMemoryBus(options: {
  readonly log: Log;
  readonly clock?: Clock;
  readonly broker?: MemoryBroker;
}): Bus {
  const { log, clock = systemClock, broker = new MemoryBroker() } = options;
  const owned = new AsyncDisposableStack();
  return {
    async publish(publication, { signal, deadlineMs = PUBLISH_DEADLINE_MS } = {}) {
      const { subject, id } = publication;
      const bytes = encodeEvent(publication, clock);
      const stored = await broker
        .requireStreamOf(subject)
        .add({ subject, id, bytes }, { signal, deadlineMs });
      broker.emit(subject, bytes);
      return stored;
    },
    consume(consumeOptions, handler) {
      const running = runSlots(
        consumeOptions,
        fetchOf(broker, consumeOptions),
        handler,
        log.child({ durable: consumeOptions.durable }),
      );
      owned.use(running);
      return Promise.resolve(running);
    },
    emit: (note) => broker.emit(note.subject, encodeEvent(note, clock)),
    listen(subject: string, handler: (event: BusEvent) => void) {
      const listening = broker.listen(subject, (bytes, on) => notice(bytes, on, handler, log));
      owned.use(listening);
      return Promise.resolve({
        [Symbol.asyncDispose]: () => {
          listening[Symbol.dispose]();
          return Promise.resolve();
        },
      });
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function fetchOf(broker: MemoryBroker, options: ConsumeOptions): Fetch {
  const stream = broker.stream(options.stream);
  const ackWaitMs = options.ackWaitMs ?? ACK_WAIT_MS;
  const queue = stream.consumer(options.durable, options.filterSubject);
  return async (signal): Promise<RawDelivery | undefined> => {
    const claim = await queue.next({ ackWaitMs, signal });
    if (claim === undefined) return undefined;
    const { message, attempt } = claim;
    return {
      subject: message.subject,
      bytes: message.bytes,
      attempt,
      working: () => claim.renew(),
      ack: () => Promise.resolve(claim.done()),
      nak: (delayMs) => claim.again(delayMs),
      async park(_reason, told) {
        const copy = {
          subject: parkedSubject(options.stream),
          id: `${options.stream}:${message.sequence}:${options.durable}`,
          bytes: message.bytes,
        };
        await broker.stream('PARKED').add(copy, { deadlineMs: PUBLISH_DEADLINE_MS });
        await told();
        claim.done();
      },
    };
  };
}
