import { once } from 'node:events';
import {
  Metadata,
  Server,
  ServerCredentials,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServerWritableStream,
  type UntypedHandleCall,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { ServiceDefinition } from '@grpc/proto-loader';
import { decodeRequest, encodeMessage, requireService } from '#libs/contracts/load.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Log } from '#libs/telemetry/log.ts';
import { EVENTS } from '#libs/telemetry/names.ts';
import type { BoundMethod, BoundServices, CallFacts } from './caller.ts';
import { Health, type Readiness } from './health.ts';
import { MESSAGE_BYTES_MAX, requireMethod, type Method } from './method.ts';
import { reflection } from './reflection.ts';
import { statusOf } from './status.ts';
import { sameToken, type TokenSource } from './token.ts';

const HEALTH = 'grpc.health.v1.Health';
const REFLECTION = ['grpc.reflection.v1.ServerReflection', 'grpc.reflection.v1alpha.ServerReflection'];
/** Calls that do not end on their abort within this are cut off, so that a stop cannot hang. */
const SHUTDOWN_GRACE_MS = 5_000;
/** Between two clocks of one call. */
const DEADLINE_SLACK_MS = 50;

export interface RpcServer extends AsyncDisposable {
  /** host:port, with the port that was really taken. */
  readonly address: string;
  /** Between these the health service tells of the readiness; not serving at first. */
  setServing(serving: boolean): void;
}

export interface RpcServerOptions {
  /** host:port; port 0 takes a free one. */
  readonly listen: string;
  readonly services: BoundServices;
  readonly token: TokenSource;
  readonly log: Log;
  readonly readiness: Readiness;
}

/**
 * Serves the bound methods, health and reflection. Whoever shows the token is principal `operator`; health and
 * reflection need none. Errors travel as status with the whole record in `grpc-status-details-bin`.
 */
export async function openRpcServer(options: RpcServerOptions): Promise<RpcServer> {
  const server = new Server({
    'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
    'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
  });
  const served = new Set([...Object.keys(options.services), HEALTH, ...REFLECTION]);
  const health = new Health(served, options.readiness);
  const stopping = new AbortController();
  for (const [name, methods] of Object.entries(options.services)) {
    server.addService(
      rawMessages(requireService(name)),
      bindService(name, methods, { ...options, stopping: stopping.signal }),
    );
  }
  server.addService(requireService(HEALTH), health.implementation());
  for (const name of REFLECTION) server.addService(requireService(name), reflection(served));
  const port = await bind(server, options.listen);
  return {
    address: `${options.listen.slice(0, options.listen.lastIndexOf(':'))}:${port}`,
    setServing: (serving) => health.setServing(serving),
    [Symbol.asyncDispose]: async () => {
      health.setServing(false);
      health.close();
      // Nobody asked for a cancel: whoever called may call again, when it is back.
      stopping.abort(new HoldfastError('SERVICE_UNREACHABLE', { reason: 'service stops' }));
      await shutdown(server);
    },
  };
}

interface Binding {
  readonly token: TokenSource;
  readonly log: Log;
  readonly stopping: AbortSignal;
}

type UnaryCall = ServerUnaryCall<Buffer, Buffer>;
type StreamCall = ServerWritableStream<Buffer, Buffer>;

/** Both are coded by us, where an unknown field is an error of the call; the transport takes bytes. */
function rawMessages(definition: ServiceDefinition): ServiceDefinition {
  return Object.fromEntries(
    Object.entries(definition).map(([name, method]) => [
      name,
      {
        ...method,
        requestDeserialize: (bytes: Buffer) => bytes,
        responseSerialize: (bytes: object) => bytes as Buffer,
      },
    ]),
  );
}

function bindService(
  name: string,
  methods: Readonly<Record<string, BoundMethod>>,
  binding: Binding,
): UntypedServiceImplementation {
  return Object.fromEntries(
    Object.entries(methods).map(([method, bound]) => {
      const definition = requireMethod(name, method);
      const log = binding.log.child({ method: `${name}/${method}` });
      const own = { ...binding, log };
      return [
        method,
        ('unary' in bound
          ? unary(definition, bound.unary, own)
          : stream(definition, bound.stream, own)) as UntypedHandleCall,
      ];
    }),
  );
}

function unary(
  method: Method,
  handle: (request: object, facts: CallFacts) => Promise<object>,
  binding: Binding,
) {
  const work = async (call: UnaryCall): Promise<Buffer> => {
    using abort = abortOf(call, binding.stopping);
    const principal = await authenticate(call.metadata, binding.token);
    const request = decodeRequest(method.requestType, call.request);
    const answer = await handle(request, { principal, signal: abort.signal }).catch(explain(abort.signal));
    return encodeMessage(method.responseType, answer);
  };
  return (call: UnaryCall, answer: sendUnaryData<Buffer>): void => {
    work(call).then(
      (bytes) => answer(null, bytes),
      (thrown: unknown) => answer(refuse(thrown, binding.log)),
    );
  };
}

function stream(
  method: Method,
  handle: (request: object, facts: CallFacts) => AsyncIterable<object>,
  binding: Binding,
) {
  const work = async (call: StreamCall): Promise<void> => {
    using abort = abortOf(call, binding.stopping);
    const principal = await authenticate(call.metadata, binding.token);
    const request = decodeRequest(method.requestType, call.request);
    try {
      for await (const item of handle(request, { principal, signal: abort.signal })) {
        abort.signal.throwIfAborted();
        if (!call.write(encodeMessage(method.responseType, item)))
          await once(call, 'drain', { signal: abort.signal });
      }
    } catch (thrown) {
      explain(abort.signal)(thrown);
    }
  };
  return (call: StreamCall): void => {
    work(call).then(
      () => call.end(),
      (thrown: unknown) => call.emit('error', refuse(thrown, binding.log)),
    );
  };
}

/** What ended the call ended it, whatever a wait inside made of that. */
function explain(signal: AbortSignal): (thrown: unknown) => never {
  return (thrown) => {
    signal.throwIfAborted();
    throw thrown;
  };
}

interface Cancellable {
  on(event: 'cancelled', listener: () => void): unknown;
  off(event: 'cancelled', listener: () => void): unknown;
  getDeadline(): Date | number;
}

/**
 * `cancelled` comes for the caller's cancel and for its deadline, which its own clock may notice a moment before ours;
 * `call.cancelled` lags behind the event.
 */
function abortOf(call: Cancellable, stopping: AbortSignal): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  const onCancelled = () =>
    controller.abort(new HoldfastError(isPast(call.getDeadline()) ? 'DEADLINE_EXCEEDED' : 'CANCELLED'));
  call.on('cancelled', onCancelled);
  return {
    signal: AbortSignal.any([controller.signal, stopping]),
    [Symbol.dispose]: () => void call.off('cancelled', onCancelled),
  };
}

function isPast(deadline: Date | number): boolean {
  return Number(deadline) <= Date.now() + DEADLINE_SLACK_MS;
}

async function authenticate(metadata: Metadata, token: TokenSource): Promise<string> {
  const [given] = metadata.get('authorization');
  const expected = await token();
  const bearer = /^Bearer (.+)$/i.exec(typeof given === 'string' ? given : '')?.[1];
  if (bearer === undefined || !sameToken(bearer, expected)) {
    throw new HoldfastError('UNAUTHENTICATED', {
      reason: bearer === undefined ? 'no bearer token' : 'another token',
    });
  }
  return 'operator';
}

function refuse(thrown: unknown, log: Log): ReturnType<typeof statusOf> {
  const error = HoldfastError.from(thrown);
  if (error.entry.retry === 'bug') log.error(EVENTS.callFailed, { err: error });
  else log.info(EVENTS.callFailed, { code: error.code, reason: error.message });
  return statusOf(error);
}

function bind(server: Server, listen: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync(listen, ServerCredentials.createInsecure(), (cause, port) => {
    if (cause === null) resolve(port);
    else
      reject(new HoldfastError('CONFIG_INVALID', { listen, reason: 'address cannot be taken' }, { cause }));
  });
  return promise;
}

async function shutdown(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(() => {
    server.forceShutdown();
    resolve();
  }, SHUTDOWN_GRACE_MS);
  server.tryShutdown(() => resolve());
  await promise;
  clearTimeout(timer);
}
