import { parseSpec } from '#libs/contracts/spec.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Context } from '../command.ts';
import { isWhole } from '../components.ts';
import { withFrontDoor } from '../connection.ts';
import type { Backup, Deployment } from '../front-door.ts';
import { newestBackups } from '../report/history.ts';
import { durationMs, durationText, momentOf } from '../text.ts';
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
      declared.map(async (deployment) => {
        const backups = await Array.fromAsync(newestBackups(door, deployment.deployment, JUDGED_MAX));
        const spec = parseSpec(deployment.specYaml);
        const now = context.clock.now();
        return [
          ...ageFindings(deployment, backups, now),
          ...(await protectionFindings(door, deployment.deployment, backups, now)),
          ...(await sameDeviceFindings(spec, state.store.url)),
          ...inReachFindings(spec, state.store.url),
        ];
      }),
    );
    return findings.flat();
  });
}

/** Clocks that are kept in time are within this. */
const CLOCK_SKEW_MS = 5 * 60_000;
const CLOCK_REMEDY = 'set the clocks of this host and of the database server right, then take a backup';

/** The age that counts is that of the mark: what came after it would be lost. Pure. */
export function ageFindings(
  { deployment, specYaml }: Pick<Deployment, 'deployment' | 'specYaml'>,
  backups: readonly Backup[],
  now: number,
): readonly Finding[] {
  const { rpo } = readPolicy(specYaml);
  const remedy = `holdfast backup ${deployment}`;
  const damaged = backups
    .filter(({ completeness }) => completeness === 'damaged')
    .map(({ backupId }) =>
      bad(deployment, `backup ${backupId} is damaged`, 'holdfast backups list; keep the store as it is'),
    );
  const newest = backups.find(isWhole);
  if (newest === undefined) return [...damaged, bad(deployment, 'has no backup', remedy)];
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
  const said = `RPO observed ${durationText(age)}, objective ${rpo}`;
  const young = age <= durationMs(rpo) ? ok(deployment, said) : bad(deployment, said, remedy);
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
  return [...damaged, young, ...partial];
}

function readPolicy(specYaml: string) {
  try {
    return parseSpec(specYaml).policy;
  } catch (thrown) {
    throw new HoldfastError(
      'SPEC_INVALID',
      {},
      { cause: thrown, problems: HoldfastError.from(thrown).problems },
    );
  }
}
