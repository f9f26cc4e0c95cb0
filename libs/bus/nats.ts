import { connect, Events, type NatsConnection } from 'nats';
import { systemClock, type Clock } from '#libs/kernel/clock.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Secret } from '#libs/kernel/secret.ts';
import type { Log } from '#libs/telemetry/log.ts';
import { EVENTS } from '#libs/telemetry/names.ts';
import { ACK_WAIT_MS } from './deliver.ts';
import { encodeEvent } from './envelope.ts';
import { openFetch } from './nats-consumer.ts';
import { publishUntilStored, type Jet } from './nats-publish.ts';
import { CLUSTER_REPLICAS, ensureStreams, isUnavailable } from './nats-streams.ts';
import { notice } from './notice.ts';
import type { Bus } from './port.ts';
import { runSlots } from './slots.ts';

export interface NatsBusOptions {
  readonly url: string;
  readonly token?: Secret | undefined;
  /** Of consumers that name none. */
  readonly ackWaitMs?: number;
  /** Shown in the server's connection list. */
  readonly name: string;
  readonly log: Log;
  readonly clock?: Clock;
  /** How long to try to connect at first; afterwards it reconnects for ever. */
  readonly connectMs?: number;
  /** Told when the connection, which stood when this resolved, is lost and when it is back. */
  readonly onConnection?: (connected: boolean) => void;
  readonly signal?: AbortSignal;
}

const CONNECT_MS = 30_000;
const RECONNECT_WAIT_MS = 200;
/** A connection whose peer vanished without a word is noticed after two of these. */
const PING_INTERVAL_MS = 10_000;

/** Throws BUS_UNREACHABLE, BUS_TOO_OLD. Creates and updates the streams, also after a server that lost them came back. */
export async function openNatsBus(options: NatsBusOptions): Promise<Bus> {
  const { log, clock = systemClock, ackWaitMs = ACK_WAIT_MS } = options;
  const giveUpAt = performance.now() + (options.connectMs ?? CONNECT_MS);
  const connection = await open(options, giveUpAt);
  try {
    requireVersion(connection, options.url);
    const jet: Jet = {
      stream: connection.jetstream(),
      manager: await connection.jetstreamManager({ checkAPI: false }),
      replicas: connection.info?.cluster === undefined ? 1 : CLUSTER_REPLICAS,
    };
    await prepare(jet, giveUpAt, options.signal);
    // Its status iterator does not end when the connection is closed (nats 2.29, 2026-11).
    const watch = Promise.race([
      watchConnection(connection, jet, options),
      connection.closed().then(() => {}),
    ]);
    return busOf({ connection, jet, log, clock, ackWaitMs, watch });
  } catch (thrown) {
    await connection.close();
    throw thrown instanceof HoldfastError
      ? thrown
      : new HoldfastError(
          'BUS_UNREACHABLE',
          { url: options.url, reason: 'JetStream does not answer' },
          { cause: thrown },
        );
  }
}

interface Parts {
  readonly connection: NatsConnection;
  readonly jet: Jet;
  readonly log: Log;
  readonly clock: Clock;
  readonly ackWaitMs: number;
  readonly watch: Promise<void>;
}

function busOf({ connection, jet, log, clock, ackWaitMs, watch }: Parts): Bus {
  const consumers = new Set<AsyncDisposable>();
  return {
    publish: (publication, options = {}) =>
      publishUntilStored(jet, { ...publication, bytes: encodeEvent(publication, clock) }, options),
    async consume(wanted, handler) {
      const options = { ackWaitMs, ...wanted };
      const running = runSlots(
        options,
        await openFetch(jet, options),
        handler,
        log.child({ durable: options.durable }),
      );
      consumers.add(running);
      return {
        [Symbol.asyncDispose]: async () => {
          consumers.delete(running);
          await running[Symbol.asyncDispose]();
        },
      };
    },
    emit(note) {
      if (!connection.isClosed()) connection.publish(note.subject, encodeEvent(note, clock));
    },
    async listen(subject, handler) {
      const subscription = connection.subscribe(subject, {
        callback: (error, message) => {
          if (error === null) notice(message.data, message.subject, handler, log);
        },
      });
      // Cut off in between: the client subscribes anew when it is connected again, and loss is harmless.
      await connection.flush().catch(() => {});
      return {
        [Symbol.asyncDispose]: () => {
          subscription.unsubscribe();
          return Promise.resolve();
        },
      };
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...consumers].map((each) => each[Symbol.asyncDispose]()));
      // What the server sent until now still comes, and goes back to the queue; but nobody waits for a dead server.
      await Promise.race([
        connection.drain().catch(() => {}),
        new Promise((resolve) => setTimeout(resolve, 1_000).unref()),
      ]);
      await connection.close();
      await watch;
    },
  };
}

async function open({ url, token, name, signal }: NatsBusOptions, giveUpAt: number): Promise<NatsConnection> {
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await connect({
        servers: url,
        name,
        ...(token === undefined ? {} : { token: token.reveal() }),
        maxReconnectAttempts: -1,
        reconnectTimeWait: RECONNECT_WAIT_MS,
        reconnectJitter: RECONNECT_WAIT_MS / 2,
        pingInterval: PING_INTERVAL_MS,
        maxPingOut: 2,
        ignoreAuthErrorAbort: true,
      });
    } catch (cause) {
      if (performance.now() >= giveUpAt) throw new HoldfastError('BUS_UNREACHABLE', { url }, { cause });
      await new Promise((resolve) => setTimeout(resolve, RECONNECT_WAIT_MS));
    }
  }
}

/** A cluster whose servers were just started has no leader yet, and takes no streams until it has one. */
async function prepare(jet: Jet, giveUpAt: number, signal: AbortSignal | undefined): Promise<void> {
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await ensureStreams(jet);
    } catch (cause) {
      if (!isUnavailable(cause) || performance.now() >= giveUpAt) throw cause;
      await new Promise((resolve) => setTimeout(resolve, RECONNECT_WAIT_MS));
    }
  }
}

/** 2.10 brought what the work queue relies on: filter subjects in updates, consumer limits, metadata. */
function requireVersion(connection: NatsConnection, url: string): void {
  const version = connection.info?.version ?? '0';
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  if (major < 2 || (major === 2 && minor < 10)) throw new HoldfastError('BUS_TOO_OLD', { url, version });
}

async function watchConnection(
  connection: NatsConnection,
  jet: Jet,
  { log, onConnection = () => {} }: NatsBusOptions,
): Promise<void> {
  for await (const { type } of connection.status()) {
    if (type === Events.Disconnect || type === Events.Reconnect) onConnection(type === Events.Reconnect);
    if (type === Events.Disconnect) log.warn(EVENTS.busDisconnected);
    if (type !== Events.Reconnect) continue;
    log.info(EVENTS.busConnected);
    // A server that came back empty has no streams; publishers and consumers look again by themselves as well.
    await ensureStreams(jet).catch((err: unknown) => log.warn(EVENTS.busFetchFailed, { err }));
  }
}
