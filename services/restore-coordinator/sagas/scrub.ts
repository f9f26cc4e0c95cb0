import type { z } from 'zod';
import { scrubOutcome, scrubRequest } from '#libs/contracts/care.ts';
import { parseWith } from '#libs/contracts/step.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { Saga } from '#libs/saga/define.ts';
import type { RunHeader } from '#libs/saga/journal.ts';
import { command, step } from './steps.ts';

/** Packs are read again; what is damaged is put back from the other store. */
const scrubParameters = scrubRequest.pick({ every: true, bytesPerSecond: true });
export type ScrubParameters = z.infer<typeof scrubParameters>;

export const scrubSaga: Saga = {
  kind: 'scrub',
  exclusive: false,
  // More damage than one command carries is left to the next run.
  outcomeOf: ({ scrub }) => {
    const { stores } = parseWith(scrubOutcome, scrub, 'outcome of scrub');
    return stores.some(({ damaged, damagedCount }) => damagedCount > damaged.length)
      ? 'partial'
      : 'completed';
  },
  steps: [
    step('scrub', [], command('verifier', 'ScrubRepository', requestOf)),
    step(
      'heal',
      ['scrub'],
      command('restore-coordinator', 'HealRepository', (_, { scrub }) => scrub ?? {}),
    ),
  ],
};

function requestOf({ parameters, openedAt }: RunHeader): Json {
  const { every, bytesPerSecond } = parseWith(scrubParameters, parameters, 'scrub parameters');
  return { every, since: openedAt, ...(bytesPerSecond === undefined ? {} : { bytesPerSecond }) };
}
