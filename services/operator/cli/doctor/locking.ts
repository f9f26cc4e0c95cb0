import { lockOutcome } from '#libs/contracts/requests.ts';
import type { Spec } from '#libs/contracts/spec.ts';
import type { Backup, Run } from '../front-door.ts';
import { parseObject } from '../run-text.ts';
import { bad, ok, warning, type Finding } from './finding.ts';

/** A prune a day extends what retention keeps to a week ahead at least: what has less was not seen to for days. */
const DUE_MS = 5 * 86_400_000;
/** One prune a day by itself: two missed ones are no chance. */
const LATE_MS = 2 * 86_400_000;

/**
 * Until when the newest whole backup is locked: by its own run, and by each prune since. `runs`: backups and prunes in
 * any order. Pure.
 */
export function lockFindings(
  { deployment, policy: { lock } }: Pick<Spec, 'deployment' | 'policy'>,
  newest: Pick<Backup, 'backupId' | 'committedAt'> | undefined,
  runs: readonly Pick<Run, 'openedAt' | 'outcomeJson'>[],
  now: number,
): readonly Finding[] {
  if (lock === undefined || newest === undefined) return [];
  const again = `holdfast prune ${deployment}`;
  const { backupId } = newest;
  const locking = runs.flatMap(lockingOf).toSorted((a, b) => b.openedAt - a.openedAt);
  const [latest] = locking;
  if (latest === undefined) return [bad(deployment, 'policy.lock: no backup was locked so far', again)];
  const locked = locking.flatMap((run) => run.locked);
  const found = locked.find((each) => each.backupId === backupId);
  if (found !== undefined) {
    const said = `the newest backup ${backupId} is locked until ${found.until} (${found.rule})`;
    return Date.parse(found.until) - now < DUE_MS
      ? [warning(deployment, `${said}: an extension is due`, again)]
      : [ok(deployment, said)];
  }
  const committedAt = Date.parse(newest.committedAt);
  const wasAsked = locking.some((run) => run.backupId === backupId || run.openedAt > committedAt);
  const why = wasAsked ? 'it is not the first of a period of policy.lock' : 'no prune came after it';
  const [last] = locked;
  const before = last === undefined ? 'none is' : `${last.backupId} is, until ${last.until}`;
  const said = `the newest backup ${backupId} is not locked, for ${why}; ${before}`;
  return [
    !wasAsked && now - latest.openedAt > LATE_MS ? warning(deployment, said, again) : ok(deployment, said),
  ];
}

function lockingOf({ openedAt, outcomeJson }: Pick<Run, 'openedAt' | 'outcomeJson'>) {
  const { lock, backupId } = parseObject(outcomeJson);
  const outcome = lockOutcome.safeParse(lock);
  return outcome.success ? [{ openedAt: Date.parse(openedAt), backupId, locked: outcome.data.locked }] : [];
}
