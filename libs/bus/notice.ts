import type { Log } from '#libs/telemetry/log.ts';
import { EVENTS } from '#libs/telemetry/names.ts';
import { decodeEvent } from './envelope.ts';
import type { BusEvent } from './port.ts';

/** Hands a note to its listener; one that is no CloudEvent is dropped and said. */
export function notice(
  bytes: Uint8Array,
  subject: string,
  handler: (event: BusEvent) => void,
  log: Log,
): void {
  try {
    handler(decodeEvent(bytes, subject));
  } catch (thrown) {
    log.warn(EVENTS.busNoteDropped, { subject, err: thrown });
  }
}
