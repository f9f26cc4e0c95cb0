import type { ServiceName } from '#libs/contracts/services.ts';

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Whose service is asked; the caller's own when not given. */
  readonly site?: string | undefined;
  /** 30 s when not given; streams have none when not given. */
  readonly deadlineMs?: number | undefined;
}

/**
 * Asks a service, by gRPC or in process. Requests and answers have the JSON names of the proto (camelCase), defaults
 * filled in, 64-bit numbers as text, enums by name, bytes as Buffer. A field the proto does not know is refused.
 * Throws what the service threw (same code, details, problems), SERVICE_UNREACHABLE, DEADLINE_EXCEEDED, CANCELLED,
 * UNAUTHENTICATED.
 */
export interface Caller {
  call<Answer extends object = object>(
    service: ServiceName,
    grpcService: string,
    method: string,
    request: object,
    options?: CallOptions,
  ): Promise<Answer>;
  stream<Answer extends object = object>(
    service: ServiceName,
    grpcService: string,
    method: string,
    request: object,
    options?: CallOptions,
  ): AsyncIterable<Answer>;
}

/** What a method's handler knows of its call. */
export interface CallFacts {
  readonly principal: string;
  /** Aborts on the caller's cancel, its deadline, or shutdown. */
  readonly signal: AbortSignal;
}

/** A method bound to its service's ports. */
export type BoundMethod =
  | { readonly unary: (request: object, facts: CallFacts) => Promise<object> }
  | { readonly stream: (request: object, facts: CallFacts) => AsyncIterable<object> };

/** Full proto service name → camelCase method → bound method. */
export type BoundServices = Readonly<Record<string, Readonly<Record<string, BoundMethod>>>>;

/** Services of the own site by their names, of other sites as `service.site`. */
export function addresseeOf(service: ServiceName, site: string | undefined, own: string): string {
  return site === undefined || site === own ? service : `${service}.${site}`;
}

/** Questions to the own site are asked `here`, those to other sites `elsewhere`. */
export function routedCaller(own: string, here: Caller, elsewhere: Caller): Caller {
  const of = ({ site = own }: CallOptions = {}) => (site === own ? here : elsewhere);
  return {
    call: (service, area, method, request, options) =>
      of(options).call(service, area, method, request, options),
    stream: (service, area, method, request, options) =>
      of(options).stream(service, area, method, request, options),
  };
}

export const CALL_DEADLINE_MS = 30_000;
