import { reachedLevel } from '#libs/contracts/reached-level.ts';
import type { Spec } from '#libs/contracts/spec.ts';
import { isWhole } from './components.ts';
import type { Backup, FrontDoor } from './front-door.ts';
import { newestBackups } from './report/history.ts';
import { durationMs, momentOf } from './text.ts';

/** Backups asked for their verdicts, newest first; older ones are beyond any objective that is still of use. */
const BACKUPS_MAX = 50;
const RUNS_MAX = 200;
/** Clocks that are kept in time are within this; a mark further ahead is no young backup. */
export const CLOCK_SKEW_MS = 5 * 60_000;

export interface RpoObserved {
  readonly deployment: string;
  readonly rpo: {
    /** The newest backup that was proved up to `level`. */
    readonly backupId: string | null;
    readonly level: number;
    readonly objective: string;
    readonly observedMs: number | null;
    readonly met: boolean;
  };
  readonly drill: { readonly runId: string; readonly state: string; readonly openedAt: string } | null;
}

/** What would be lost now: since the mark of the newest backup that is proved as far as the policy wants. */
export async function observeRpo(door: FrontDoor, spec: Spec, now: number): Promise<RpoObserved> {
  const { deployment, policy } = spec;
  const newest = await findProved(door, deployment, policy.rpoLevel);
  const [last] = await listRunsOf(door, deployment, 'drill');
  const observedMs = newest === undefined ? null : now - Date.parse(momentOf(newest.mark));
  return {
    deployment,
    rpo: {
      backupId: newest?.backupId ?? null,
      level: policy.rpoLevel,
      objective: policy.rpo,
      observedMs,
      met: observedMs !== null && observedMs >= -CLOCK_SKEW_MS && observedMs <= durationMs(policy.rpo),
    },
    drill: last === undefined ? null : { runId: last.runId, state: last.state, openedAt: last.openedAt },
  };
}

/** Newest first, of the newest runs. */
export async function listRunsOf(door: FrontDoor, deployment: string, ...kinds: readonly string[]) {
  const { runs } = await door.listRuns({ deployment, pageSize: RUNS_MAX, pageToken: '' });
  return runs.filter(({ kind }) => kinds.includes(kind));
}

async function findProved(door: FrontDoor, deployment: string, level: number): Promise<Backup | undefined> {
  for await (const backup of newestBackups(door, deployment, BACKUPS_MAX)) {
    if (!isWhole(backup)) continue;
    const verdicts = await door.listVerdicts(deployment, backup.backupId);
    // A copy proves nothing of what it is copied from, nor does its damage.
    if (reachedLevel(verdicts.filter(({ store }) => store !== 'second')) >= level) return backup;
  }
  return undefined;
}
