import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Saga } from '#libs/saga/define.ts';
import type { RunHeader } from '#libs/saga/journal.ts';
import { backupSaga } from './backup.ts';
import { drillSaga } from './drill.ts';
import { pruneSaga } from './prune.ts';
import { releaseSaga } from './release.ts';
import { replicateSaga } from './replicate.ts';
import { restoreSaga } from './restore.ts';
import { rollbackSaga } from './rollback.ts';
import { schedulesSaga } from './schedules.ts';
import { scrubSaga } from './scrub.ts';
import { verifySaga } from './verify.ts';

const SAGAS: Readonly<Record<string, (header: RunHeader) => Saga>> = {
  backup: backupSaga,
  restore: restoreSaga,
  rollback: rollbackSaga,
  release: releaseSaga,
  schedules: schedulesSaga,
  drill: drillSaga,
  verify: verifySaga,
  prune: pruneSaga,
  replicate: () => replicateSaga,
  scrub: () => scrubSaga,
};

/** The steps of one run follow from what it was asked to do. Throws JOURNAL_BROKEN for a kind nobody knows. */
export function sagaOf(header: RunHeader): Saga {
  const saga = SAGAS[header.kind];
  if (saga === undefined)
    throw new HoldfastError('JOURNAL_BROKEN', { reason: 'unknown kind of run', kind: header.kind });
  return saga(header);
}
