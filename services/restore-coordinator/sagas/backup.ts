import { z } from 'zod';
import { markOutcome, takeSnapshotOutcome, type TakeSnapshotOutcome } from '#libs/contracts/requests.ts';
import { parseWith } from '#libs/contracts/step.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { Outcomes, Saga } from '#libs/saga/define.ts';
import type { RunHeader } from '#libs/saga/journal.ts';
import { backupIdOf } from '../domain/backup-id.ts';

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

export const backupSaga: Saga = {
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
      name: 'database',
      after: ['preflight'],
      work: { service: 'db-snapshot', verb: 'TakeSnapshot', request: () => ({}) },
      attemptsMax: 3,
      deadlineMs: 24 * HOUR_MS,
    },
    // Published by the database step as soon as its snapshot stands, so that nobody waits for the dump.
    {
      name: 'mark',
      after: ['preflight'],
      work: { early: 'database' },
      attemptsMax: 1,
      deadlineMs: 24 * HOUR_MS,
    },
    afterMark('files', 'file-snapshot'),
    afterMark('config', 'config-vault'),
    {
      name: 'verify',
      after: ['database', 'files', 'config'],
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

export const COMPONENT_STEPS = ['database', 'files', 'config'] as const;

function afterMark(
  name: 'files' | 'config',
  service: 'file-snapshot' | 'config-vault',
): Saga['steps'][number] {
  return {
    name,
    after: ['mark'],
    work: { service, verb: 'TakeSnapshot', request: (_, outcomes) => ({ mark: markOf(outcomes) }) },
    attemptsMax: 3,
    deadlineMs: 24 * HOUR_MS,
    // The database had to start again: what was walked before its new mark may miss files of newer rows.
    stale: (outcomes) => snapshotOf(outcomes, name).mark !== markOf(outcomes),
  };
}

/** What the finished database step says counts: its early word may be the one of an attempt before. */
function markOf(outcomes: Outcomes): string {
  if (outcomes['database'] !== undefined) return snapshotOf(outcomes, 'database').mark;
  return parseWith(markOutcome, outcomes['mark'], 'mark').mark;
}

export function snapshotOf(outcomes: Outcomes, step: (typeof COMPONENT_STEPS)[number]): TakeSnapshotOutcome {
  return parseWith(takeSnapshotOutcome, outcomes[step], `outcome of ${step}`);
}

function verifyRequest(header: RunHeader, outcomes: Outcomes): Json {
  const taken = COMPONENT_STEPS.map((step) => snapshotOf(outcomes, step));
  return {
    backupId: backupIdOf(header),
    snapshots: taken.map(({ snapshot }) => snapshot),
  };
}
