import { decodeMessage, encodeMessage } from '#libs/contracts/load.ts';
import type { ServiceName } from '#libs/contracts/services.ts';
import { LOCAL } from '#libs/contracts/sites.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import {
  addresseeOf,
  CALL_DEADLINE_MS,
  type BoundMethod,
  type BoundServices,
  type Caller,
  type CallOptions,
} from './caller.ts';
import { requireMethod, type Method } from './method.ts';

/**
 * The caller of a process that holds the services itself. Requests, answers and errors go through the same encoding
 * as on the wire, so that a handler sees no difference.
 */
export function createInlineCaller(options: {
  /** By addressee. */
  readonly services: Readonly<Record<string, BoundServices>>;
  /** `local` when not given. */
  readonly site?: string;
  readonly principal: string;
  /** Who asks services that are not in this process. */
  readonly elsewhere?: Caller | undefined;
}): Caller {
  const find = (
    name: ServiceName,
    site: string | undefined,
    grpcService: string,
    method: string,
  ): { bound: BoundMethod; definition: Method } => {
    const service = addresseeOf(name, site, options.site ?? LOCAL);
    const bound = options.services[service]?.[grpcService]?.[method];
    if (bound === undefined)
      throw new HoldfastError('SERVICE_UNREACHABLE', {
        service,
        reason: `it does not serve ${grpcService}/${method} in this process`,
      });
    return { bound, definition: requireMethod(grpcService, method) };
  };
  return {
    async call<Answer>(
      service: ServiceName,
      grpcService: string,
      method: string,
      request: object,
      { site, signal, deadlineMs = CALL_DEADLINE_MS }: CallOptions = {},
    ) {
      const { bound, definition } = find(service, site, grpcService, method);
      if (!('unary' in bound))
        throw new HoldfastError('INTERNAL', { reason: 'method streams', grpcService, method });
      const within = limit(signal, deadlineMs);
      const work = bound.unary(asReceived(definition.requestType, request), {
        principal: options.principal,
        signal: within,
      });
      const answer = await orAborted(work, within).catch(rethrowAsReceived);
      return asReceived(definition.responseType, answer) as Answer;
    },
    async *stream<Answer>(
      service: ServiceName,
      grpcService: string,
      method: string,
      request: object,
      { site, signal, deadlineMs }: CallOptions = {},
    ) {
      const { bound, definition } = find(service, site, grpcService, method);
      if (!('stream' in bound))
        throw new HoldfastError('INTERNAL', { reason: 'method does not stream', grpcService, method });
      const left = new AbortController();
      const within = AbortSignal.any([limit(signal, deadlineMs), left.signal]);
      try {
        for await (const item of bound.stream(asReceived(definition.requestType, request), {
          principal: options.principal,
          signal: within,
        })) {
          yield asReceived(definition.responseType, item) as Answer;
        }
      } catch (thrown) {
        // What ended the call ended it, whatever a wait inside made of that.
        rethrowAsReceived(within.aborted ? within.reason : thrown);
      } finally {
        left.abort(new HoldfastError('CANCELLED', { reason: 'reader left' }));
      }
    },
  };
}

function asReceived(codec: Method['requestType'], message: object): object {
  return decodeMessage(codec, encodeMessage(codec, message));
}

function rethrowAsReceived(thrown: unknown): never {
  throw HoldfastError.fromRecord(HoldfastError.from(thrown).toRecord());
}

function limit(signal: AbortSignal | undefined, deadlineMs: number | undefined): AbortSignal {
  const signals = [signal, deadlineMs === undefined ? undefined : AbortSignal.timeout(deadlineMs)].filter(
    (each) => each !== undefined,
  );
  return AbortSignal.any(signals);
}

/** As on the wire: the caller's deadline ends the call even when the handler does not listen. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = () =>
    aborted.reject(signal.reason instanceof Error ? signal.reason : new HoldfastError('CANCELLED'));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
