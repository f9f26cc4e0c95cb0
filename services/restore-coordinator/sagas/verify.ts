import { within, type Saga } from '#libs/saga/define.ts';
import type { RunHeader } from '#libs/saga/journal.ts';
import { stillThere } from './steps.ts';

/** A committed backup read again where it lies: the chain, every pack that is needed, rows and files. */
const DAY_MS = 24 * 3_600_000;

export function verifySaga(header: Pick<RunHeader, 'parameters'>): Saga {
  return {
    kind: 'verify',
    exclusive: false,
    stillHolds: stillThere(header),
    outcomeOf: () => 'completed',
    steps: [
      {
        name: 'verify.stored',
        after: [],
        work: { service: 'verifier', verb: 'VerifyStored', request: ({ parameters }) => parameters },
        attemptsMax: 2,
        deadlines: within(DAY_MS),
      },
    ],
  };
}
