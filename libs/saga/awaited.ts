import type { StepCommand } from '#libs/contracts/step.ts';
import { undoName } from './define.ts';
import type { JournalEntry } from './journal.ts';

type Order = Pick<StepCommand, 'step' | 'attempt'>;

/**
 * Does the journal wait for this very attempt? It does when the last entry about the step scheduled it, and since then
 * nobody took the run over, who sends a command of his own, and nothing is taken back. Pure.
 */
export function isAwaited(
  entries: readonly JournalEntry[],
  { step, attempt, epoch }: Order & Pick<StepCommand, 'epoch'>,
): boolean {
  for (const { event } of entries.toReversed()) {
    if ('step' in event && event.step === step)
      return event.kind === 'step-scheduled' && event.attempt === attempt;
    if (event.kind === 'finished' || (event.kind === 'owned' && event.epoch > epoch)) return false;
    if (event.kind === 'undo-started' && !step.startsWith(undoName(''))) return false;
  }
  return false;
}

/** Was this order given after the other one, or is it the same? Pure. */
export function isNoEarlierThan(entries: readonly JournalEntry[], order: Order, other: Order): boolean {
  const placeOf = ({ step, attempt }: Order) =>
    entries.findLastIndex(
      ({ event }) => event.kind === 'step-scheduled' && event.step === step && event.attempt === attempt,
    );
  return placeOf(order) >= placeOf(other);
}
