import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { encodeMessage, requireMessage } from '#libs/contracts/load.ts';
import type { ServiceName } from '#libs/contracts/services.ts';
import { LOCAL } from '#libs/contracts/sites.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { addresseeOf, CALL_DEADLINE_MS, type Caller, type CallOptions } from './caller.ts';
import { MESSAGE_BYTES_MAX, requireMethod } from './method.ts';
import { errorOf } from './status.ts';
import type { TokenSource } from './token.ts';

/** The library's own back-off grows to two minutes; a restarted neighbour on the same site is there in one second. */
const RECONNECT_MS = { first: 100, most: 1_000 };
/** A service looks at its store for up to two seconds before it answers. */
const HEALTH_DEADLINE_MS = 3_000;

/** Services without an address are unreachable, not a fault. Connects on first use, and again by itself. */
export function createCaller(options: {
  readonly addresses: Readonly<Record<string, string | undefined>>;
  /** The caller's own site; `local` when not given. */
  readonly site?: string;
  readonly token: TokenSource;
}): Caller & Disposable {
  const clients = new Map<string, Client>();
  const open = (name: ServiceName, site?: string): { client: Client; where: Where } => {
    const service = addresseeOf(name, site, options.site ?? LOCAL);
    const address = options.addresses[service];
    if (address === undefined)
      throw new HoldfastError('SERVICE_UNREACHABLE', { service, reason: 'no address is configured' });
    const client = clients.get(address) ?? connect(address);
    clients.set(address, client);
    return { client, where: { service, address } };
  };
  return {
    async call<Answer>(
      service: ServiceName,
      grpcService: string,
      method: string,
      request: object,
      { site, signal, deadlineMs = CALL_DEADLINE_MS }: CallOptions = {},
    ) {
      const { client, where } = open(service, site);
      const prepared = await prepare(grpcService, method, request, options.token);
      return (await unary(client, where, prepared, { signal, deadlineMs })) as Answer;
    },
    async *stream<Answer>(
      service: ServiceName,
      grpcService: string,
      method: string,
      request: object,
      callOptions: CallOptions = {},
    ) {
      const { client, where } = open(service, callOptions.site);
      const prepared = await prepare(grpcService, method, request, options.token);
      yield* stream(client, where, prepared, callOptions) as AsyncIterable<Answer>;
    },
    [Symbol.dispose]: () => {
      for (const client of clients.values()) client.close();
    },
  };
}

export type HealthSeen = 'SERVING' | 'NOT_SERVING' | 'silent';

/** What a service says of itself; `silent` when it does not answer within three seconds. Never throws. */
export async function healthOf(address: string, signal?: AbortSignal): Promise<HealthSeen> {
  const client = connect(address);
  const method = requireMethod('grpc.health.v1.Health', 'check');
  const bytes = encodeMessage(requireMessage('grpc.health.v1.HealthCheckRequest'), {});
  try {
    const answer = await unary(
      client,
      { service: 'health', address },
      { method, bytes, metadata: new Metadata() },
      { signal, deadlineMs: HEALTH_DEADLINE_MS },
    );
    return (answer as { status: string }).status === 'SERVING' ? 'SERVING' : 'NOT_SERVING';
  } catch {
    return 'silent';
  } finally {
    client.close();
  }
}

interface Where {
  readonly service: string;
  readonly address: string;
}

interface Prepared {
  readonly method: ReturnType<typeof requireMethod>;
  readonly bytes: Buffer;
  readonly metadata: Metadata;
}

function connect(address: string): Client {
  return new Client(address, credentials.createInsecure(), {
    'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
    'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
    'grpc.initial_reconnect_backoff_ms': RECONNECT_MS.first,
    'grpc.max_reconnect_backoff_ms': RECONNECT_MS.most,
  });
}

async function prepare(
  grpcService: string,
  name: string,
  request: object,
  token: TokenSource,
): Promise<Prepared> {
  const method = requireMethod(grpcService, name);
  const bytes = encodeMessage(method.requestType, request);
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${(await token()).reveal()}`);
  return { method, bytes, metadata };
}

const asIs = (bytes: Buffer): Buffer => bytes;

async function unary(
  client: Client,
  where: Where,
  { method, bytes, metadata }: Prepared,
  { signal, deadlineMs }: CallOptions,
): Promise<object> {
  signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<object>();
  const call = client.makeUnaryRequest(
    method.path,
    asIs,
    method.responseDeserialize,
    bytes,
    metadata,
    deadline(deadlineMs),
    (cause: ServiceError | null, answer?: object) => {
      if (cause === null) resolve(answer!);
      else reject(errorOf(cause, where));
    },
  );
  const cancel = () => call.cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    return await promise;
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}

async function* stream(
  client: Client,
  where: Where,
  { method, bytes, metadata }: Prepared,
  { signal, deadlineMs }: CallOptions,
): AsyncIterable<object> {
  signal?.throwIfAborted();
  const call = client.makeServerStreamRequest(
    method.path,
    asIs,
    method.responseDeserialize,
    bytes,
    metadata,
    deadline(deadlineMs),
  );
  const cancel = () => call.cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    yield* call as AsyncIterable<object>;
  } catch (thrown) {
    throw thrown instanceof Error && 'code' in thrown ? errorOf(thrown as ServiceError, where) : thrown;
  } finally {
    signal?.removeEventListener('abort', cancel);
    // A reader that leaves early must not keep the server writing; its late error has no reader.
    call.on('error', () => {});
    call.cancel();
  }
}

function deadline(deadlineMs: number | undefined): { deadline?: number } {
  return deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
}
