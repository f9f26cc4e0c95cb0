import { within, type Saga } from '#libs/saga/define.ts';

/** A committed backup read again where it lies: the chain, every pack that is needed, rows and files. */
const DAY_MS = 24 * 3_600_000;

export const verifySaga: Saga = {
  kind: 'verify',
  exclusive: false,
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
