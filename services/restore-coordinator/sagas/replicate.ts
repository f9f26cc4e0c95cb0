import { replicateOutcome } from '#libs/contracts/care.ts';
import { parseWith } from '#libs/contracts/step.ts';
import type { Saga } from '#libs/saga/define.ts';
import { command, step } from './steps.ts';

/** What the second store lacks is copied there. A run that stopped or was cancelled is gone on with by the next one. */
export const replicateSaga: Saga = {
  kind: 'replicate',
  exclusive: false,
  outcomeOf: ({ replicate }) =>
    parseWith(replicateOutcome, replicate, 'outcome of replicate').leftOutCount > 0 ? 'partial' : 'completed',
  steps: [
    step(
      'replicate',
      [],
      command('restore-coordinator', 'Replicate', () => ({})),
    ),
  ],
};
