import {
  DAMAGED_MAX,
  scrubRequest,
  WHICH_STORE,
  type ScrubbedStore,
  type ScrubOutcome,
} from '#libs/contracts/care.ts';
import { parseWith } from '#libs/contracts/step.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import type { VerifierPorts } from '../ports.ts';

/** Both stores, each with its own ledger. What is damaged is told, and no failure of the step: it may be healed. */
export async function onScrubRepository(
  request: Json,
  { signal, progress, phase }: StepContext,
  { scrub }: VerifierPorts,
): Promise<Json> {
  const wish = parseWith(scrubRequest, request, 'ScrubRepository');
  const stores: ScrubbedStore[] = [];
  for (const store of WHICH_STORE) {
    const activity = `reading packs of the ${store} store again`;
    const onProgress = (done: { bytes: number; bytesTotal: number }) => progress({ ...done, activity });
    const seen = await phase(store, () => scrub(store, wish, { signal, onProgress }));
    if (seen === undefined) continue;
    const { damaged, ...read } = seen;
    stores.push({
      store,
      ...read,
      damaged: damaged.slice(0, DAMAGED_MAX),
      damagedCount: damaged.length,
    });
  }
  return { stores } satisfies ScrubOutcome as unknown as Json;
}
