import { setTimeout as pause } from 'node:timers/promises';
import { headers, NatsError, type JetStreamClient, type JetStreamManager } from 'nats';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { CONTENT_TYPE } from './envelope.ts';
import { ensureStreams } from './nats-streams.ts';

export interface Jet {
  readonly stream: JetStreamClient;
  readonly manager: JetStreamManager;
  /** Servers that keep each stream. */
  readonly replicas: number;
}

export interface Outgoing {
  readonly subject: string;
  readonly id: string;
  readonly bytes: Uint8Array;
  readonly traceparent?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A cluster that lost its leader answers again after about 6.5 s (measured 2026-11). */
export const PUBLISH_DEADLINE_MS = 30_000;
const TRY_MS = 3_000;
const PAUSE_MS = 200;
const STREAM_FULL = 10_077;

/**
 * A publish issued while disconnected times out and is lost although the client reconnects (nats 2.29, 2026-11), so
 * it is sent again, with the same id, until the server confirms it.
 */
export async function publishUntilStored(
  jet: Jet,
  outgoing: Outgoing,
  options: { signal?: AbortSignal; deadlineMs?: number },
): Promise<{ duplicate: boolean }> {
  const { signal, deadlineMs = PUBLISH_DEADLINE_MS } = options;
  const giveUpAt = performance.now() + deadlineMs;
  for (;;) {
    signal?.throwIfAborted();
    try {
      const timeout = Math.max(100, Math.min(TRY_MS, giveUpAt - performance.now()));
      const { duplicate } = await jet.stream.publish(outgoing.subject, outgoing.bytes, {
        msgID: outgoing.id,
        headers: headersOf(outgoing),
        timeout,
      });
      return { duplicate };
    } catch (cause) {
      if (isHopeless(cause))
        throw new HoldfastError(
          'REFUSED',
          { subject: outgoing.subject, reason: (cause as Error).message },
          { cause },
        );
      if (performance.now() + PAUSE_MS >= giveUpAt)
        throw new HoldfastError(
          'BUS_UNREACHABLE',
          { subject: outgoing.subject, reason: reasonOf(cause) },
          { cause },
        );
      // No responders: the stream may be gone with the server's disk.
      if (cause instanceof NatsError && cause.code === '503') await ensureStreams(jet).catch(() => {});
      await pause(PAUSE_MS, undefined, signal === undefined ? {} : { signal });
    }
  }
}

function headersOf(outgoing: Outgoing) {
  const all = headers();
  all.set('Content-Type', CONTENT_TYPE);
  if (outgoing.traceparent !== undefined) all.set('traceparent', outgoing.traceparent);
  for (const [name, value] of Object.entries(outgoing.headers ?? {})) all.set(name, value);
  return all;
}

/** Sending it again cannot help: too large, forbidden, or our own bus was closed. */
function isHopeless(cause: unknown): boolean {
  return (
    cause instanceof NatsError &&
    ['MAX_PAYLOAD_EXCEEDED', 'PERMISSIONS_VIOLATION', 'BAD_SUBJECT', 'CONNECTION_CLOSED'].includes(cause.code)
  );
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof NatsError)) return String(cause);
  return cause.api_error?.err_code === STREAM_FULL
    ? 'stream is full'
    : (cause.api_error?.description ?? cause.code);
}
