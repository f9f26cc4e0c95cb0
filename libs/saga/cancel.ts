import { findBytes, putFirst } from '#libs/store/objects.ts';
import type { ObjectStore } from '#libs/store/port.ts';

/**
 * How a run is to end that somebody cancelled: `back` takes back what it did, also once the living system was switched;
 * `forward` does so only before the switch, and lets the run finish after it.
 */
export type CancelChoice = 'back' | 'forward';

export interface Cancel {
  readonly choice: CancelChoice;
  readonly principal: string;
}

const CHOICES = ['back', 'forward'] as const satisfies readonly CancelChoice[];

/** `runs/<run>/cancel/<choice>`: whoever drives the run finds it, whichever process was asked. */
function cancelName(runId: string, choice: CancelChoice): string {
  return `runs/${runId}/cancel/${choice}.json`;
}

/** Durable when it returns; the first of each choice counts. */
export async function writeCancel(store: ObjectStore, runId: string, cancel: Cancel): Promise<void> {
  const bytes = Buffer.from(JSON.stringify({ principal: cancel.principal }));
  await putFirst(store, cancelName(runId, cancel.choice), bytes);
}

/** What was asked for; `back` outweighs `forward`. */
export async function findCancel(
  store: ObjectStore,
  runId: string,
  options: { signal?: AbortSignal } = {},
): Promise<Cancel | undefined> {
  for (const choice of CHOICES) {
    const bytes = await findBytes(store, cancelName(runId, choice), options);
    if (bytes === undefined) continue;
    const { principal } = JSON.parse(bytes.toString('utf8')) as Cancel;
    return { choice, principal };
  }
  return undefined;
}
