import { parseResult, resultName, type StepCommand, type StepResult } from '#libs/contracts/step.ts';
import { findBytes, signalOption } from '#libs/store/objects.ts';
import type { ObjectStore } from '#libs/store/port.ts';

/** What became of an attempt at a step; undefined while nobody has stored it. */
export async function findResult(
  store: ObjectStore,
  attempt: Pick<StepCommand, 'runId' | 'step' | 'attempt'>,
  signal?: AbortSignal,
): Promise<StepResult | undefined> {
  const bytes = await findBytes(store, resultName(attempt), signalOption(signal));
  return bytes === undefined ? undefined : parseResult(bytes);
}
