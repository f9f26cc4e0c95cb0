import { z } from 'zod';
import { markOutcome, takeSnapshotOutcome, type TakeSnapshotOutcome } from '#libs/contracts/requests.ts';
import { COMPONENTS, nameAt, partsOf, siteField, type Part } from '#libs/contracts/sites.ts';
import { parseWith } from '#libs/contracts/step.ts';
import type { Json } from '#libs/kernel/json.ts';
import { within, type CommandWork, type Outcomes, type Saga, type SagaStep } from '#libs/saga/define.ts';
import { sitesOfRun, type RunHeader } from '#libs/saga/journal.ts';
import { backupIdOf } from '../domain/backup-id.ts';
import { commandTo } from './steps.ts';

/**
 * Backup: the database names the moment; files and configuration are walked after it, so every row that was seen has
 * its file (a backup without the database stands for the moment it was opened at); everything new is read back and rows are reconciled with files; the manifest is created last, and is the
 * commit. Nothing needs an undo: without a manifest there is no backup, only unreferenced packs.
 */
const HOUR_MS = 3_600_000;

export const backupParameters = z.object({
  /** The principal says that what changed since the last backup is meant. */
  acceptChanges: z.boolean().default(false),
  /** Nothing is taken over from the backup before: every row is read again. */
  full: z.boolean().default(false),
  /** Content hashes of tables that another major version of PostgreSQL can repeat. */
  portable: z.boolean().default(false),
  components: z.array(z.enum(COMPONENTS)).default([...COMPONENTS]),
});

/** Answer of the commit step. */
export const commitOutcome = z.object({
  backupId: z.string(),
  manifestDigest: z.string(),
  completeness: z.enum(['complete', 'partial']),
});

export function backupSaga(header: BackupHeader): Saga {
  const parts = partsOfBackup(header);
  const database = parts.find(isDatabase);
  const { portable } = parseWith(backupParameters, header.parameters, 'backup parameters');
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
        deadlines: within(HOUR_MS),
      },
      ...parts.flatMap((part) =>
        isDatabase(part)
          ? databaseSteps(part, portable)
          : [database === undefined ? alone(part) : afterMark(part, database)],
      ),
      {
        name: 'verify',
        after: parts.map(stepOf),
        work: { service: 'verifier', verb: 'VerifyBackup', request: verifyRequest },
        attemptsMax: 2,
        deadlines: within(24 * HOUR_MS),
      },
      {
        name: 'commit',
        after: ['verify'],
        work: { local: 'commit-backup' },
        attemptsMax: 3,
        deadlines: within(HOUR_MS),
      },
    ],
  };
}

type BackupHeader = Pick<RunHeader, 'sites' | 'parameters'>;

/** What is asked for, all of it by default, in the order in which it is taken. */
export function partsOfBackup(header: BackupHeader): readonly Part[] {
  const { components } = parseWith(backupParameters, header.parameters, 'backup parameters');
  return partsOf(sitesOfRun(header)).filter(({ component }) => components.includes(component));
}

function stepOf({ component, site }: Part): string {
  return nameAt(component, site);
}

function isDatabase({ component }: Part): boolean {
  return component === 'database';
}

function takeStep(part: Part, after: string, request: CommandWork['request']): SagaStep {
  return {
    name: stepOf(part),
    after: [after],
    work: commandTo(part, 'TakeSnapshot', request),
    attemptsMax: 3,
    deadlines: within(24 * HOUR_MS),
  };
}

function databaseSteps(database: Part, portable: boolean): readonly SagaStep[] {
  return [
    takeStep(database, 'preflight', (_, outcomes) => ({
      ...previousOf(outcomes),
      ...(portable ? { portable } : {}),
    })),
    // Published by the database step as soon as its snapshot stands, so that nobody waits for the dump.
    {
      name: 'mark',
      after: ['preflight'],
      work: { early: stepOf(database) },
      attemptsMax: 1,
      deadlines: within(24 * HOUR_MS),
    },
  ];
}

/** What the database has not changed since then is not read again. */
function previousOf(outcomes: Outcomes): { readonly previous?: Json } {
  const { previous } = outcomes['preflight'] as { readonly previous?: Json };
  return previous === undefined ? {} : { previous };
}

/** No rows that could name a file: what is there after the run was opened. */
function alone(part: Part): SagaStep {
  return takeStep(part, 'preflight', ({ openedAt }) => ({ mark: openedAt }));
}

function afterMark(part: Part, database: Part): SagaStep {
  return {
    ...takeStep(part, 'mark', (_, outcomes) => ({ mark: markOf(outcomes, database) })),
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
export function takenOf(header: BackupHeader, outcomes: Outcomes): readonly TakeSnapshotOutcome[] {
  return partsOfBackup(header).map((part) => snapshotOf(outcomes, part));
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
