import { z } from 'zod';
import { markOutcome, takeSnapshotOutcome, type TakeSnapshotOutcome } from '#libs/contracts/requests.ts';
import { nameAt, partsOf, siteField, type Part } from '#libs/contracts/sites.ts';
import { parseWith } from '#libs/contracts/step.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { Outcomes, Saga, SagaStep } from '#libs/saga/define.ts';
import { sitesOfRun, type RunHeader } from '#libs/saga/journal.ts';
import { backupIdOf } from '../domain/backup-id.ts';
import { commandTo } from './steps.ts';

/**
 * Backup: the database names the moment; files and configuration are walked after it, so every row that was seen has
 * its file; everything new is read back and rows are reconciled with files; the manifest is created last, and is the
 * commit. Nothing needs an undo: without a manifest there is no backup, only unreferenced packs.
 */
const HOUR_MS = 3_600_000;

export const backupParameters = z.object({
  /** The principal says that what changed since the last backup is meant. */
  acceptChanges: z.boolean().default(false),
});

/** Answer of the commit step. */
export const commitOutcome = z.object({
  backupId: z.string(),
  manifestDigest: z.string(),
  completeness: z.enum(['complete', 'partial']),
});

export function backupSaga(header: Pick<RunHeader, 'sites'>): Saga {
  const [database, ...trees] = partsOf(sitesOfRun(header)) as [Part, ...Part[]];
  return {
    kind: 'backup',
    exclusive: false,
    outcomeOf: (outcomes) =>
      parseWith(commitOutcome, outcomes['commit'], 'outcome of commit').completeness === 'complete'
        ? 'completed'
        : 'partial',
    steps: [
      {
        name: 'preflight',
        after: [],
        work: { local: 'preflight-backup' },
        attemptsMax: 2,
        deadlineMs: HOUR_MS,
      },
      {
        name: stepOf(database),
        after: ['preflight'],
        work: commandTo(database, 'TakeSnapshot', () => ({})),
        attemptsMax: 3,
        deadlineMs: 24 * HOUR_MS,
      },
      // Published by the database step as soon as its snapshot stands, so that nobody waits for the dump.
      {
        name: 'mark',
        after: ['preflight'],
        work: { early: stepOf(database) },
        attemptsMax: 1,
        deadlineMs: 24 * HOUR_MS,
      },
      ...trees.map((part) => afterMark(part, database)),
      {
        name: 'verify',
        after: [database, ...trees].map(stepOf),
        work: { service: 'verifier', verb: 'VerifyBackup', request: verifyRequest },
        attemptsMax: 2,
        deadlineMs: 24 * HOUR_MS,
      },
      {
        name: 'commit',
        after: ['verify'],
        work: { local: 'commit-backup' },
        attemptsMax: 3,
        deadlineMs: HOUR_MS,
      },
    ],
  };
}

function stepOf({ component, site }: Part): string {
  return nameAt(component, site);
}

function afterMark(part: Part, database: Part): SagaStep {
  return {
    name: stepOf(part),
    after: ['mark'],
    work: commandTo(part, 'TakeSnapshot', (_, outcomes) => ({ mark: markOf(outcomes, database) })),
    attemptsMax: 3,
    deadlineMs: 24 * HOUR_MS,
    // The database had to start again: what was walked before its new mark may miss files of newer rows.
    stale: (outcomes) => snapshotOf(outcomes, part).mark !== markOf(outcomes, database),
  };
}

/** What the finished database step says counts: its early word may be the one of an attempt before. */
function markOf(outcomes: Outcomes, database: Part): string {
  if (outcomes[stepOf(database)] !== undefined) return snapshotOf(outcomes, database).mark;
  return parseWith(markOutcome, outcomes['mark'], 'mark').mark;
}

/** What every part's worker answered, in the order of the parts. */
export function takenOf(
  header: Pick<RunHeader, 'sites'>,
  outcomes: Outcomes,
): readonly TakeSnapshotOutcome[] {
  return partsOf(sitesOfRun(header)).map((part) => snapshotOf(outcomes, part));
}

function snapshotOf(outcomes: Outcomes, part: Part): TakeSnapshotOutcome {
  const step = stepOf(part);
  const taken = parseWith(takeSnapshotOutcome, outcomes[step], `outcome of ${step}`);
  return { ...taken, snapshot: { ...taken.snapshot, ...siteField(part.site) } };
}

function verifyRequest(header: RunHeader, outcomes: Outcomes): Json {
  return {
    backupId: backupIdOf(header),
    snapshots: takenOf(header, outcomes).map(({ snapshot }) => snapshot),
  } as unknown as Json;
}
