import { parseSpec } from '#libs/contracts/spec.ts';
import type { Context } from '../command.ts';
import { isWhole } from '../components.ts';
import { withFrontDoor } from '../connection.ts';
import { CLOCK_SKEW_MS, listRunsOf, observeRpo, type RpoObserved } from '../observe-rpo.ts';
import type { Backup } from '../front-door.ts';
import { newestBackups } from '../report/history.ts';
import { durationMs, durationText, momentOf } from '../text.ts';
import { copiesFindings } from './copies.ts';
import { lockFindings } from './locking.ts';
import { pruneFinding } from './pruning.ts';
import { protectionFindings } from './protection.ts';
import { inReachFindings, sameDeviceFindings } from './same-device.ts';
import type { KnownStack } from './examine.ts';
import { bad, ok, warning, type Finding } from './finding.ts';

/** The newest whole backups that are asked for their verdicts. */
const JUDGED_MAX = 10;

/** Has each deployment a backup that is young enough, whole, and not on the disk it protects against? */
export async function examineDeployments(state: KnownStack, context: Context): Promise<readonly Finding[]> {
  if (state?.running !== true) return [];
  return await withFrontDoor(context, async (door) => {
    const declared = await door.listDeployments();
    if (declared.length === 0)
      return [warning('deployments', 'none is declared: nothing is protected', 'holdfast init --app FOLDER')];
    const findings = await Promise.all(
      declared.map(async ({ deployment, specYaml }) => {
        const spec = parseSpec(specYaml);
        const backups = await Array.fromAsync(newestBackups(door, deployment, JUDGED_MAX));
        const runs = await listRunsOf(door, deployment, 'backup', 'prune');
        const prunes = runs.filter(({ kind }) => kind === 'prune');
        const now = context.clock.now();
        return [
          ...ageFindings(await observeRpo(door, spec, now), backups, now),
          pruneFinding(spec, prunes, now),
          ...lockFindings(spec, backups.find(isWhole), runs, now),
          ...(await protectionFindings(door, deployment, backups, now)),
          ...(await sameDeviceFindings(spec, state.store.url)),
          ...inReachFindings(spec, state.store.url),
          ...(await copiesFindings(spec, { door, state, context })),
        ];
      }),
    );
    return findings.flat();
  });
}

/** What can be proved of a backup where it lies; the rest needs a drill. */
const STORED_LEVEL_MAX = 1;
const CLOCK_REMEDY = 'set the clocks of this host and of the database server right, then take a backup';

/** What would be lost now, as `status` says it, and what of the newest backups stands in the way. Pure. */
export function ageFindings(
  { deployment, rpo }: Pick<RpoObserved, 'deployment' | 'rpo'>,
  backups: readonly Backup[],
  now: number,
): readonly Finding[] {
  const damaged = backups
    .filter(({ completeness }) => completeness === 'damaged')
    .map(({ backupId }) =>
      bad(deployment, `backup ${backupId} is damaged`, 'holdfast backups list; keep the store as it is'),
    );
  const newest = backups.find(isWhole);
  if (newest === undefined)
    return [...damaged, bad(deployment, 'has no backup', `holdfast backup ${deployment}`)];
  const age = now - Date.parse(momentOf(newest.mark));
  if (age < -CLOCK_SKEW_MS)
    return [
      ...damaged,
      bad(
        deployment,
        `newest backup ${newest.backupId} lies ${durationText(-age)} ahead of this clock`,
        CLOCK_REMEDY,
      ),
    ];
  const partial =
    newest.completeness === 'partial'
      ? [
          warning(
            deployment,
            `newest backup ${newest.backupId} is partial`,
            `holdfast backups show ${deployment}`,
          ),
        ]
      : [];
  return [...damaged, rpoFinding(newest, age, { deployment, rpo }), ...partial];
}

function rpoFinding(
  { backupId }: Backup,
  age: number,
  { deployment, rpo }: Pick<RpoObserved, 'deployment' | 'rpo'>,
): Finding {
  const { level, objective, observedMs, met } = rpo;
  const observed = observedMs === null ? 'no backup counts' : `RPO observed ${durationText(observedMs)}`;
  const said = `${observed}, objective ${objective} at L${level}`;
  if (met) return ok(deployment, said);
  if (age > durationMs(objective)) return bad(deployment, said, proveAfter(deployment, level));
  return bad(
    deployment,
    `${said}; backup ${backupId} is ${durationText(age)} old and not proved so far`,
    `${proof(deployment, level)} --backup ${backupId}; when that fails: ${proveAfter(deployment, level)}`,
  );
}

/** A backup proves itself up to L1. */
function proveAfter(deployment: string, level: number): string {
  const backup = `holdfast backup ${deployment}`;
  return level > STORED_LEVEL_MAX ? `${backup} && ${proof(deployment, level)}` : backup;
}

function proof(deployment: string, level: number): string {
  return level > STORED_LEVEL_MAX
    ? `holdfast drill ${deployment}`
    : `holdfast verify ${deployment} --level ${level}`;
}
