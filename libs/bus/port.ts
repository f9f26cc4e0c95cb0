import type { HoldfastError } from '#libs/kernel/errors.ts';
import type { Json } from '#libs/kernel/json.ts';

/** Streams of the bus; what each is for: protos/README.md. */
export type StreamName = 'EDMS' | 'COMMANDS' | 'EVENTS' | 'PARKED';

/** What a sender says. Travels as a CloudEvent in structured JSON. */
export interface Publication {
  readonly subject: string;
  /** Full name of the proto message that `data` has the JSON shape of. */
  readonly type: string;
  /** The same id twice within two minutes is stored once. */
  readonly id: string;
  /** Who says it: `holdfast/<service>/<site>`. */
  readonly source: string;
  readonly deployment: string;
  readonly data: Json;
  readonly traceparent?: string | undefined;
}

/** A publication as it arrives: well-formed as a CloudEvent, its data not yet parsed. */
export interface BusEvent {
  readonly subject: string;
  readonly type: string;
  readonly id: string;
  readonly source: string;
  /** Empty when a foreign sender gave none. */
  readonly deployment: string;
  /** RFC 3339. */
  readonly time: string;
  readonly data: unknown;
  readonly traceparent: string | undefined;
}

export interface Delivery {
  readonly event: BusEvent;
  /** 1 for the first delivery. */
  readonly attempt: number;
  /** Aborts when the consumer is stopped, or when the work was silent for too long and now belongs to others. */
  readonly signal: AbortSignal;
  /** Sign of life: as long as it is called, the message stays ours. */
  readonly alive: () => void;
}

/**
 * Returning acknowledges. A transient error brings the message back later; any other error, and one delivery too
 * many, parks it. May run twice for one message: a crash between its return and the acknowledgement repeats it.
 */
export type DeliveryHandler = (delivery: Delivery) => Promise<void>;

export interface Parked {
  readonly subject: string;
  readonly deliveries: number;
  /** Why: MESSAGE_MALFORMED, the handler's error, or the last one before it was given up. */
  readonly error: HoldfastError;
  /** Undefined when it was no CloudEvent. */
  readonly event: BusEvent | undefined;
}

export interface ConsumeOptions {
  /** Parked messages are for people: a consumer that parks them again would go round in circles. */
  readonly stream: Exclude<StreamName, 'PARKED'>;
  /** Consumers of one name share the messages, also across processes. Letters, digits, dashes. */
  readonly durable: string;
  readonly filterSubject: string;
  /** How many handlers run at once; one message is fetched per free slot. */
  readonly slots: number;
  /** After this without acknowledgement or sign of life the message goes to another consumer. */
  readonly ackWaitMs?: number;
  /** Work that shows no sign of life for this long is aborted and given away. */
  readonly silentMs?: number;
  readonly deliveriesMax?: number;
  /** Pause before delivery `attempt + 1`. */
  readonly nakDelayMs?: (attempt: number) => number;
  /** Told whenever the claim to a message was renewed, because its work showed life. */
  readonly onRenewed?: (event: BusEvent) => void;
  /** Told after the full copy is durable in PARKED and before the message is taken off; may run twice. */
  readonly onParked?: (parked: Parked) => Promise<void>;
}

/**
 * Messages between the services. What is published is durable when `publish` returns; what is emitted may get lost.
 * Throws BUS_UNREACHABLE (transient) after the deadline, CANCELLED on the signal.
 */
export interface Bus extends AsyncDisposable {
  /** Stores in the stream of the subject, and reaches who listens on it now. Sent again with the same id until it is stored, the deadline or the signal. */
  publish(
    publication: Publication,
    options?: { signal?: AbortSignal; deadlineMs?: number },
  ): Promise<{ duplicate: boolean }>;
  /** Resolves when fetching began. Disposing stops fetching, aborts the handlers, waits for them and gives their messages back. */
  consume(options: ConsumeOptions, handler: DeliveryHandler): Promise<AsyncDisposable>;
  /** At most once, to whoever listens now. Never throws, never waits. */
  emit(note: Omit<Publication, 'id'>): void;
  /** Resolves when the subscription stands. `*` stands for one token, a last `>` for the rest. */
  listen(subject: string, handler: (event: BusEvent) => void): Promise<AsyncDisposable>;
}
