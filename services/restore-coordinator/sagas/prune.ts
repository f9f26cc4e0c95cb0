import { within, type Saga } from '#libs/saga/define.ts';
import { command, step } from './steps.ts';

/**
 * Prune: what no rule keeps is forgotten, one tombstone in the log after the other; then whatever nothing needs any more
 * is removed from the store. Shared: backups go on beside it. There is no way back, so nothing has an undo; one that
 * failed is asked for again, and goes on.
 */
const HOUR_MS = 3_600_000;

export const pruneSaga: Saga = {
  kind: 'prune',
  exclusive: false,
  outcomeOf: () => 'completed',
  steps: [
    {
      name: 'forget',
      after: [],
      work: { local: 'forget-backups' },
      attemptsMax: 3,
      deadlines: within(HOUR_MS),
    },
    step(
      'clean',
      ['forget'],
      command('restore-coordinator', 'CleanRepository', () => ({})),
    ),
  ],
};
