import { changeText } from '#libs/contracts/change-text.ts';
import { completenessText } from '../components.ts';
import { manifestOf } from '../backup-text.ts';
import type { Backup, FrontDoor, ReadLog, Run } from '../front-door.ts';
import { collectPages } from '../pages.ts';
import { momentOf } from '../text.ts';
import { readBackups } from './history.ts';
import { ledgerOf, type LedgerEntry } from './ledger.ts';

const RUNS_MAX = 2_000;
/** Verdicts are asked for one backup at a time. */
const BACKUPS_ASKED_MAX = 400;

/** What an auditor asks of a period: that it was backed up, proved, restored, changed and read, and that the record holds. */
export interface Evidence {
  readonly deployment: string;
  /** Empty for no bound. */
  readonly from: string;
  readonly to: string;
  readonly backups: readonly BackupEvidence[];
  readonly verdicts: readonly VerdictEvidence[];
  readonly restores: readonly RunEvidence[];
  readonly changes: readonly {
    readonly backupId: string;
    readonly change: string;
    readonly acceptedBy: string;
  }[];
  readonly releases: readonly LedgerEntry[];
  readonly log: { readonly entries: number; readonly total: number; readonly headDigest: string };
}

export interface BackupEvidence {
  readonly backupId: string;
  readonly mark: string;
  readonly completeness: string;
  /** Rows; null where the database is not in it, or it cannot be read. */
  readonly scheduledTasks: number | null;
  readonly tookMs: number;
}

/** One point of the trend: what was proved, how far, and how long it took. */
export interface VerdictEvidence {
  readonly at: string;
  readonly backupId: string;
  readonly kind: string;
  readonly level: number;
  readonly ok: boolean;
  readonly checks: number;
  readonly failed: readonly string[];
  readonly notChecked: readonly string[];
  readonly tookMs: number;
}

export interface RunEvidence {
  readonly runId: string;
  readonly kind: string;
  readonly state: string;
  readonly principal: string;
  readonly openedAt: string;
  readonly tookMs: number;
}

export interface Period {
  readonly from: string;
  readonly to: string;
}

/** Throws JOURNAL_BROKEN when the log's chain does not hold: then there is no evidence. */
export async function readEvidence(door: FrontDoor, deployment: string, period: Period): Promise<Evidence> {
  const log = await door.readLog({ deployment, ...period });
  const backups = (await readBackups(door, deployment)).filter(({ mark }) =>
    isWithin(momentOf(mark), period),
  );
  const runs = await collectPages(RUNS_MAX, async (page) => {
    const answer = await door.listRuns({ deployment, ...page });
    return { items: answer.runs, next: answer.nextPageToken };
  });
  const byRun = new Map(runs.map((run) => [run.runId, run]));
  const asked = backups.filter(({ completeness }) => completeness !== 'damaged').slice(0, BACKUPS_ASKED_MAX);
  const verdicts = await Promise.all(
    asked.map(({ backupId }) => verdictsOf(door, deployment, backupId, byRun)),
  );
  return {
    deployment,
    ...period,
    backups: backups.map(backupEvidence),
    verdicts: verdicts.flat().toSorted((a, b) => a.at.localeCompare(b.at)),
    restores: runs.filter((run) => run.kind !== 'backup' && isWithin(run.openedAt, period)).map(runEvidence),
    changes: backups.flatMap(changesOf),
    releases: releasesOf(log),
    log: { entries: log.entries.length, total: log.total, headDigest: log.headDigest },
  };
}

async function verdictsOf(
  door: FrontDoor,
  deployment: string,
  backupId: string,
  runs: ReadonlyMap<string, Run>,
): Promise<readonly VerdictEvidence[]> {
  const verdicts = await door.listVerdicts(deployment, backupId);
  return verdicts.map(({ runId, at, level, ok, checks, notChecked }) => {
    const run = runs.get(runId);
    return {
      at,
      backupId,
      kind: run?.kind ?? 'unknown',
      level,
      ok,
      checks: checks.length,
      failed: checks.filter((check) => !check.ok).map(({ name }) => name),
      notChecked,
      tookMs: run === undefined ? 0 : tookMs(run),
    };
  });
}

/** Pure. */
export function backupEvidence(backup: Backup): BackupEvidence {
  const manifest = manifestOf(backup);
  const { backupId, mark, components, coverage } = backup;
  const tasks = coverage.find(({ category }) => category === 'scheduled tasks');
  const took = manifest === undefined ? 0 : Date.parse(manifest.committedAt) - Date.parse(manifest.startedAt);
  return {
    backupId,
    mark,
    completeness: completenessText(backup),
    scheduledTasks: components.includes('database') ? Number(tasks?.records ?? 0) : null,
    tookMs: took,
  };
}

function runEvidence(run: Run): RunEvidence {
  const { runId, kind, state, principal, openedAt } = run;
  return { runId, kind, state, principal, openedAt, tookMs: tookMs(run) };
}

function changesOf(backup: Backup): Evidence['changes'] {
  const manifest = manifestOf(backup);
  return (manifest?.changes ?? []).map((change) => ({
    backupId: backup.backupId,
    change: changeText(change),
    acceptedBy: manifest?.changesAcceptedBy ?? '',
  }));
}

function releasesOf({ entries }: ReadLog): readonly LedgerEntry[] {
  return ledgerOf(entries, []).filter(({ what }) => what === 'released');
}

function tookMs({ openedAt, finishedAt }: Run): number {
  return finishedAt === '' ? 0 : Date.parse(finishedAt) - Date.parse(openedAt);
}

/** A damaged backup has no mark: it belongs to every period, for nobody can say that it does not. */
function isWithin(at: string, { from, to }: Period): boolean {
  if (at === '') return true;
  const time = Date.parse(at);
  return (from === '' || time >= Date.parse(from)) && (to === '' || time <= Date.parse(to));
}
