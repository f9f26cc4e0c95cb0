import type { StepCommand } from '#libs/contracts/step.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { parseEntry } from './chain.ts';
import { journalPrefix, type JournalEvent } from './journal.ts';

/**
 * Does the run's journal wait for this very attempt? It does when the last entry about the step scheduled it, and nobody
 * took the run over since: whoever did sends a command of its own. Reads the journal from its end: a command that was
 * just sent costs one or two small objects.
 */
export async function isAwaited(
  store: ObjectStore,
  { runId, step, attempt, epoch }: Pick<StepCommand, 'runId' | 'step' | 'attempt' | 'epoch'>,
): Promise<boolean> {
  const names: string[] = [];
  for await (const { name } of store.list(journalPrefix(runId))) {
    // Numbered names sort before the folders that may lie beside them.
    if (!/^\d+\.json$/.test(name.slice(journalPrefix(runId).length))) break;
    names.push(name);
  }
  for (const name of names.toReversed()) {
    const { event } = parseEntry<JournalEvent>(await store.get(name), name);
    if ('step' in event && event.step === step)
      return event.kind === 'step-scheduled' && event.attempt === attempt;
    if (event.kind === 'finished' || (event.kind === 'owned' && event.epoch > epoch)) return false;
  }
  return false;
}
