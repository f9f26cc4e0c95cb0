import type { ServiceName } from '#libs/contracts/services.ts';
import type { Spec } from '#libs/contracts/spec.ts';
import type { Token } from '#libs/contracts/stage.ts';
import type { StepCommand, Verb } from '#libs/contracts/step.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { Log } from '#libs/telemetry/log.ts';

/** What a step handler knows besides its request. The command was parsed, its result did not exist yet. */
export interface StepContext {
  readonly command: StepCommand;
  /** Names what this step takes over; see libs/contracts/stage.ts. */
  readonly token: Token;
  /** Throws STAGE_GONE when another worker took over, or the run no longer waits for this step. */
  readonly requireLatest: () => Promise<void>;
  /** The declaration the run is pinned to. */
  readonly spec: Spec;
  /** Aborts on cancel, on shutdown, or when bytes stopped moving. */
  readonly signal: AbortSignal;
  readonly log: Log;
  /** Tells progress; loss is harmless. Calling it is also the sign of life that keeps the command ours. */
  readonly progress: (progress: {
    bytes: number;
    bytesTotal?: number;
    activity: string;
    rows?: number;
  }) => void;
  /** Times a part of the work; parts become spans of the run's trace. */
  readonly phase: <T>(name: string, work: () => Promise<T>) => Promise<T>;
  /** A result of its own before the step ends (the mark). Create-only: the first one wins. */
  readonly publishEarly: (step: string, outcome: Json) => Promise<void>;
}

/** Consumes one command: parse → decide → act → answer. Idempotent: the same command may come again. */
export type StepHandler<Ports> = (request: Json, context: StepContext, ports: Ports) => Promise<Json>;

export interface CallContext {
  readonly principal: string;
  readonly signal: AbortSignal;
  readonly log: Log;
}

/** Serves one unary method; request and answer have the shape of the proto in JSON names, defaults filled in. */
export type UnaryHandler<Ports> = (request: never, context: CallContext, ports: Ports) => Promise<object>;
/** Serves one server-streaming method. */
export type StreamHandler<Ports> = (
  request: never,
  context: CallContext,
  ports: Ports,
) => AsyncIterable<object>;

export type RpcHandler<Ports> =
  | { readonly unary: UnaryHandler<Ports> }
  | { readonly stream: StreamHandler<Ports> };

/** The service on one screen: what it consumes, serves and publishes, each bound to its handler. */
export interface ServiceContract<Ports> {
  readonly service: ServiceName;
  readonly consumes: Partial<Record<Verb, StepHandler<Ports>>>;
  /** Full proto service name → camelCase method → handler. */
  readonly serves: Readonly<Record<string, Readonly<Record<string, RpcHandler<Ports>>>>>;
  /** Full names of the event messages it publishes. */
  readonly publishes: readonly string[];
}

/** Whoever consumes verbs tells how they go. */
export const STEP_EVENTS: readonly string[] = [
  'holdfast.step.v1.StepCompleted',
  'holdfast.step.v1.StepFailed',
  'holdfast.step.v1.StepProgress',
  'holdfast.step.v1.StepAlive',
];
