import type { StepCommand } from '#libs/contracts/step.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { parseEntry } from './chain.ts';
import { journalPrefix, type JournalEvent } from './journal.ts';

/**
 * Does the run's journal wait for this very attempt? It does when the last entry about the step scheduled it. Reads the
 * journal from its end: a command that was just sent costs one or two small objects.
 */
export async function isAwaited(
  store: ObjectStore,
  { runId, step, attempt }: Pick<StepCommand, 'runId' | 'step' | 'attempt'>,
): Promise<boolean> {
  const names: string[] = [];
  for await (const { name } of store.list(journalPrefix(runId))) {
    if (!/\/\d+\.json$/.test(name)) break;
    names.push(name);
  }
  for (const name of names.toReversed()) {
    const { event } = parseEntry<JournalEvent>(await store.get(name), name);
    if ('step' in event && event.step === step)
      return event.kind === 'step-scheduled' && event.attempt === attempt;
    if (event.kind === 'finished') return false;
  }
  return false;
}
