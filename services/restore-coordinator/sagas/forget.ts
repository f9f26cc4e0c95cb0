import { isWhole } from '#libs/contracts/manifest.ts';
import { reachedLevel } from '#libs/contracts/reached-level.ts';
import type { Spec } from '#libs/contracts/spec.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { Outcomes } from '#libs/saga/define.ts';
import type { RunHeader } from '#libs/saga/journal.ts';
import { prunedIds, standingHolds } from '#libs/saga/kept-backups.ts';
import { openRuns, type LogEntry } from '#libs/saga/log.ts';
import { citedBy } from '../domain/cited.ts';
import { planRetention, type Candidate, type Kept, type RetentionChoice } from '../domain/retention.ts';
import type { CoordinatorPorts, ListedManifest } from '../ports.ts';

export type RetentionPorts = Pick<
  CoordinatorPorts,
  'specs' | 'manifests' | 'inquiry' | 'readLog' | 'logs' | 'clock'
> & {
  readonly runs: Pick<CoordinatorPorts['runs'], 'read'>;
};

/** A backup whose content was put back somewhere, and compared. */
const RESTORED_LEVEL = 2;

/** As by `planByPolicy`, and what the store keeps locked stays as well: it could not go, and would only be lost to sight. */
export async function planForget(
  deployment: string,
  spec: Spec,
  ports: RetentionPorts,
  signal: AbortSignal,
): Promise<readonly RetentionChoice[]> {
  const listed = await Array.fromAsync(ports.manifests.list(deployment));
  const choices = await planByPolicy({ deployment, spec, listed }, ports, signal);
  const now = ports.clock.now();
  return await Promise.all(
    choices.map(async (choice) => {
      if (choice.isKept) return choice;
      const until = await ports.manifests.lockedUntil(deployment, choice.backupId);
      if (until === undefined || until.getTime() <= now) return choice;
      return { ...choice, isKept: true, reasons: [`locked by the store until ${until.toISOString()}`] };
    }),
  );
}

/** Of every backup whether it stays, and why; touches nothing. Throws SERVICE_UNREACHABLE, for verdicts are the verifier's. */
export async function planByPolicy(
  of: { readonly deployment: string; readonly spec: Spec; readonly listed: readonly ListedManifest[] },
  ports: RetentionPorts,
  signal: AbortSignal,
): Promise<readonly RetentionChoice[]> {
  const { deployment, spec, listed } = of;
  const { keep, timezone, rpoLevel } = spec.policy;
  const kept = [
    ...heldBackups(await ports.readLog(deployment)),
    ...(await citedBackups(deployment, ports)),
    ...(await provedBackups(deployment, listed, rpoLevel, ports, signal)),
  ];
  return planRetention({ keep, timezone, backups: listed.map(candidateOf), kept });
}

/**
 * A tombstone for each backup that no rule keeps, the oldest first. May run twice: what is forgotten is not listed any
 * more. Whoever holds a backup, or opens a run of it, before its tombstone is in the log wins.
 */
export async function forgetBackups(
  { deployment, specVersion, runId }: RunHeader,
  _: Outcomes,
  ports: RetentionPorts,
  signal: AbortSignal,
): Promise<Json> {
  const { spec } = await ports.specs.read(deployment, specVersion);
  const choices = await planForget(deployment, spec, ports, signal);
  const forgotten: { backupId: string; reason: string }[] = [];
  for (const { backupId, reasons } of choices.filter(({ isKept }) => !isKept).toReversed()) {
    signal.throwIfAborted();
    const reason = reasons.join('; ');
    const entry = await ports.logs.append(deployment, async (entries) => {
      const stays =
        prunedIds(entries).has(backupId) ||
        standingHolds(entries).has(backupId) ||
        (await isCited({ deployment, backupId }, entries, ports));
      return stays ? undefined : { kind: 'pruned', runId, backupId, reason };
    });
    if (entry !== undefined) forgotten.push({ backupId, reason });
  }
  return { forgotten, kept: choices.length - forgotten.length };
}

export function candidateOf(listed: ListedManifest): Candidate {
  if ('damaged' in listed) return listed;
  const { backupId, startedAt, committedAt, completeness, snapshots } = listed.manifest;
  return {
    backupId,
    startedAt,
    committedAt,
    isWhole: completeness === 'complete' && isWhole({ snapshots }),
  };
}

function heldBackups(entries: readonly LogEntry[]): readonly Kept[] {
  return [...standingHolds(entries).values()].map(({ backupId, principal, reason }) => ({
    backupId,
    reason: `held by ${principal}: ${reason}`,
  }));
}

/** By open runs of any deployment: a restore may be of another one's backup. */
async function citedBackups(deployment: string, ports: RetentionPorts): Promise<readonly Kept[]> {
  const cited: Kept[] = [];
  for (const name of new Set([deployment, ...(await ports.specs.list())]))
    for (const { runId, runKind } of openRuns(await ports.readLog(name))) {
      const found = citedBy((await ports.runs.read(runId)).header);
      if (found?.deployment !== deployment) continue;
      cited.push({ backupId: found.backupId, reason: `${runKind} ${runId} of ${name} is open` });
    }
  return cited;
}

async function isCited(
  { deployment, backupId }: { readonly deployment: string; readonly backupId: string },
  entries: readonly LogEntry[],
  { runs }: RetentionPorts,
): Promise<boolean> {
  for (const { runId } of openRuns(entries)) {
    const cited = citedBy((await runs.read(runId)).header);
    if (cited?.deployment === deployment && cited.backupId === backupId) return true;
  }
  return false;
}

/** The newest that was proved as far as the policy wants, and the newest that was restored, if only for a trial. */
async function provedBackups(
  deployment: string,
  listed: readonly ListedManifest[],
  rpoLevel: number,
  { inquiry }: RetentionPorts,
  signal: AbortSignal,
): Promise<readonly Kept[]> {
  const wanted = new Set([rpoLevel, RESTORED_LEVEL]);
  const proved: Kept[] = [];
  for (const entry of listed) {
    if (wanted.size === 0) break;
    if ('damaged' in entry) continue;
    const { backupId } = entry.manifest;
    const reached = reachedLevel(await inquiry.verdicts(deployment, backupId, signal));
    for (const level of wanted)
      if (reached >= level) {
        wanted.delete(level);
        proved.push({ backupId, reason: `the newest that was proved up to level ${level}` });
      }
  }
  return proved;
}
