import type { Spec } from '#libs/contracts/spec.ts';
import type { Verb } from '#libs/contracts/step.ts';
import type { Json } from '#libs/kernel/json.ts';
import { within, type Saga } from '#libs/saga/define.ts';
import type { RunHeader } from '#libs/saga/journal.ts';
import { command, step } from './steps.ts';

/**
 * Prune: what no rule keeps is forgotten, one tombstone in the log after the other; then whatever nothing needs any more
 * is removed from the store. Where the policy has locks, what stays is locked before all that: the first backup of a
 * period must be seen beside those that are about to be forgotten, and while nothing can be locked nothing goes. Shared:
 * backups go on beside it. There is no way back, so nothing has an undo; one that failed is asked for again, and goes on.
 */
const HOUR_MS = 3_600_000;

export interface PruneParameters {
  /** Absent: the policy has no locks. */
  readonly lock?: true;
}

export function pruneParameters({ policy }: Pick<Spec, 'policy'>): PruneParameters & Json {
  return policy.lock === undefined ? {} : { lock: true };
}

export function pruneSaga({ parameters }: Pick<RunHeader, 'parameters'>): Saga {
  const { lock } = parameters as PruneParameters;
  const toItself = (verb: Verb) => command('restore-coordinator', verb, () => ({}));
  return {
    kind: 'prune',
    exclusive: false,
    outcomeOf: () => 'completed',
    steps: [
      ...(lock === true ? [step('lock', [], toItself('LockBackups'))] : []),
      {
        name: 'forget',
        after: lock === true ? ['lock'] : [],
        work: { local: 'forget-backups' },
        attemptsMax: 3,
        deadlines: within(HOUR_MS),
      },
      step('clean', ['forget'], toItself('CleanRepository')),
    ],
  };
}
