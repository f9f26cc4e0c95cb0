import { randomUUID } from 'node:crypto';
import { CloudEvent, HTTP } from 'cloudevents';
import type { Clock } from '#libs/kernel/clock.ts';
import { isoTime } from '#libs/kernel/clock.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { BusEvent, Publication } from './port.ts';

export const CONTENT_TYPE = 'application/cloudevents+json';

/** Structured JSON: one text that carries everything, readable in any NATS tool. */
export function encodeEvent(
  publication: Omit<Publication, 'id'> & { readonly id?: string },
  clock: Clock,
): Buffer {
  const { subject, type, source, deployment, data, traceparent } = publication;
  const event = new CloudEvent({
    id: publication.id ?? randomUUID(),
    type,
    source,
    subject,
    deployment,
    time: isoTime(clock),
    datacontenttype: 'application/json',
    data,
    ...(traceparent === undefined ? {} : { traceparent }),
  });
  return Buffer.from(HTTP.structured(event).body as string);
}

/** Throws MESSAGE_MALFORMED. The subject is the one the message really came on, whatever it says itself. */
export function decodeEvent(bytes: Uint8Array, subject: string): BusEvent {
  const event = parse(Buffer.from(bytes).toString('utf8'), subject);
  return {
    subject,
    type: event.type,
    id: event.id,
    source: event.source,
    deployment: textOf(event['deployment']) ?? '',
    time: event.time ?? '',
    data: event.data,
    traceparent: textOf(event['traceparent']),
  };
}

function parse(body: string, subject: string): CloudEvent<unknown> {
  try {
    // The package makes up an id where none is given: the same message would be a new event at each delivery.
    if (!hasId(JSON.parse(body))) throw new TypeError('no id');
    const event = HTTP.toEvent<unknown>({ headers: { 'content-type': CONTENT_TYPE }, body });
    const single = Array.isArray(event) ? undefined : (event as CloudEvent<unknown>);
    if (single?.validate() !== true) throw new TypeError('not one CloudEvent');
    return single;
  } catch (cause) {
    throw new HoldfastError(
      'MESSAGE_MALFORMED',
      { subject, reason: 'not a CloudEvent in structured JSON' },
      { cause },
    );
  }
}

function hasId(parsed: unknown): boolean {
  return textOf((parsed as { id?: unknown } | null)?.id) !== undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
