import type { ChainEntry } from '#libs/saga/chain.ts';
import type { JournalEvent } from '#libs/saga/journal.ts';
import type { Facts, RunFacts } from '../facts.ts';
import type { Act } from '../twins/deployment.ts';
import { compareTokens } from '#libs/contracts/stage.ts';
import { showToken } from '../twins/token.ts';

/** P7: each entry names the one before it by its digest. */
export function chainHolds(entry: ChainEntry<unknown>, length: number, head: string): string | undefined {
  if (entry.n !== length) return `entry ${entry.n} follows ${length - 1}`;
  return entry.previous === head ? undefined : `entry ${entry.n} does not name the one before it`;
}

/** P7: an entry of the journal is its owner's, from the takeover on. */
export function journalOfTheOwner(event: JournalEvent, by: string, { owner }: RunFacts): string | undefined {
  if (event.kind === 'started' || event.kind === 'owned' || owner === undefined) return undefined;
  return owner.process === by ? undefined : `${event.kind} by ${by}, and the owner is ${owner.process}`;
}

/** P7: what is created is not replaced. */
export function nothingReplaced(name: string, before: Buffer | undefined, after: Buffer): string | undefined {
  return before === undefined || before.equals(after) ? undefined : `${name} was replaced`;
}

/** P7: who was taken over changes nothing of a target any more. */
export function actsOfTheNewest({ component, token, what }: Act, { newest }: RunFacts): string | undefined {
  const other = newest.get(component);
  if (other === undefined || compareTokens(other, token) <= 0) return undefined;
  return `${showToken(token)} did "${what}" after ${showToken(other)} had taken over`;
}

/** P7: a run that has ended changes nothing of a target. */
export function noActAfterTheEnd({ token, what }: Act, { outcome, header }: RunFacts): string | undefined {
  return outcome === undefined
    ? undefined
    : `${showToken(token)} did "${what}" after its ${header?.kind} was ${outcome}`;
}

/**
 * P7: manifest, and what the log says of a run's work, are what its journal has ordered. Who was taken over in the midst
 * of that may still be the one who creates it; it replaces nothing, and says it of no run that has ended.
 */
export function commitWasOrdered(runId: string, what: string, facts: Facts): string | undefined {
  const { entries, outcome } = facts.run(runId);
  const isOrdered = entries.some(({ event }) => event.kind === 'step-scheduled' && event.step === 'commit');
  return isOrdered && outcome === undefined
    ? undefined
    : `${what} of ${runId.slice(0, 8)}, which is ${outcome ?? 'not to be committed yet'}`;
}
