import { lockOutcome } from '#libs/contracts/requests.ts';
import type { Spec } from '#libs/contracts/spec.ts';
import type { Backup, Run } from '../front-door.ts';
import { parseObject } from '../run-text.ts';
import { bad, ok, warning, type Finding } from './finding.ts';

/** A prune a day extends what retention keeps to a week ahead at least: what has less was not seen to for days. */
const DUE_MS = 5 * 86_400_000;
/** One prune a day by itself: two missed ones are no chance. */
const LATE_MS = 2 * 86_400_000;

/** Until when the newest whole backup is locked, by the last prune that locked. `runs`: prunes, newest first. Pure. */
export function lockFindings(
  { deployment, policy: { lock } }: Pick<Spec, 'deployment' | 'policy'>,
  newest: Pick<Backup, 'backupId' | 'committedAt'> | undefined,
  runs: readonly Pick<Run, 'openedAt' | 'outcomeJson'>[],
  now: number,
): readonly Finding[] {
  if (lock === undefined || newest === undefined) return [];
  const again = `holdfast prune ${deployment}`;
  for (const { openedAt, outcomeJson } of runs) {
    const outcome = lockOutcome.safeParse(parseObject(outcomeJson)['lock']);
    if (outcome.success)
      return [findingOf(outcome.data, { deployment, newest, openedAt: Date.parse(openedAt), again, now })];
  }
  return [bad(deployment, 'policy.lock: no prune has locked a backup so far', again)];
}

function findingOf(
  { locked }: ReturnType<typeof lockOutcome.parse>,
  about: {
    readonly deployment: string;
    readonly newest: Pick<Backup, 'backupId' | 'committedAt'>;
    /** Of the prune. */
    readonly openedAt: number;
    readonly again: string;
    readonly now: number;
  },
): Finding {
  const { deployment, newest, openedAt, again, now } = about;
  const found = locked.find(({ backupId }) => backupId === newest.backupId);
  if (found !== undefined) {
    const said = `the newest backup ${newest.backupId} is locked until ${found.until} (${found.rule})`;
    return Date.parse(found.until) - now < DUE_MS
      ? warning(deployment, `${said}: an extension is due`, again)
      : ok(deployment, said);
  }
  const isYounger = Date.parse(newest.committedAt) > openedAt;
  const why = isYounger ? 'no prune came after it' : 'it is not the first of a period of policy.lock';
  const [last] = locked;
  const before = last === undefined ? 'none is' : `${last.backupId} is, until ${last.until}`;
  const said = `the newest backup ${newest.backupId} is not locked, for ${why}; ${before}`;
  return isYounger && now - openedAt > LATE_MS ? warning(deployment, said, again) : ok(deployment, said);
}
