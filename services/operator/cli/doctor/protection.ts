import { changeText } from '#libs/contracts/change-text.ts';
import { factsOf, type Manifest } from '#libs/contracts/manifest.ts';
import { newestChecks } from '#libs/contracts/reached-level.ts';
import type { ConfigFacts } from '#libs/contracts/tree-snapshot.ts';
import { isWhole } from '../components.ts';
import { manifestOf } from '../backup-text.ts';
import { listRunsOf } from '../observe-rpo.ts';
import type { Backup, Coverage, FrontDoor, Verdict } from '../front-door.ts';
import { parseObject } from '../run-text.ts';
import { driftedNames } from '../report/drift.ts';
import { countText, durationText } from '../text.ts';
import { bad, ok, warning, type Finding } from './finding.ts';

const DAY_MS = 86_400_000;
const EXPIRY_WARNED_MS = 30 * DAY_MS;
/** A backup whose content was never put back somewhere is a hope. */
const RESTORED_LEVEL = 2;

/** Would the newest backup bring back what is there now, and was that ever shown? */
export async function protectionFindings(
  door: FrontDoor,
  deployment: string,
  backups: readonly Backup[],
  now: number,
): Promise<readonly Finding[]> {
  const newest = backups.find(isWhole);
  const manifest = newest === undefined ? undefined : manifestOf(newest);
  if (manifest === undefined) return [];
  const coverage = await door.getCoverage(deployment, manifest.backupId);
  const found = await Promise.all(
    backups.filter(isWhole).map(({ backupId }) => door.listVerdicts(deployment, backupId)),
  );
  return [
    ...changeFindings(manifest),
    ...coverageFindings(coverage),
    ...liveFindings(deployment, parseObject(coverage.factsJson) as LiveFacts, { manifest, now }),
    ...(await drillFindings(door, deployment)),
    verdictFinding(deployment, found, now),
  ];
}

/** Pure. */
export function changeFindings({ deployment, changes, changesAcceptedBy }: Manifest): readonly Finding[] {
  if (changesAcceptedBy !== undefined) return [];
  const remedy = `put it right, or say that it is meant: holdfast backup ${deployment} --accept-changes`;
  return (changes ?? []).map((change) => warning(deployment, changeText(change), remedy));
}

/** Pure. */
export function coverageFindings({ deployment, lines, problems }: Coverage): readonly Finding[] {
  const silent = problems.map(({ subject, message, remedy }) =>
    bad(deployment, `${subject}: ${message}`, remedy),
  );
  const missing = lines
    .filter(({ status }) => status === 'left-out' || status === 'not-covered')
    .map(({ category }) => category);
  if (missing.length === 0) return silent;
  const remedy = `holdfast report coverage ${deployment}`;
  return [...silent, warning(deployment, `not covered by the newest backup: ${missing.join(', ')}`, remedy)];
}

export interface LiveFacts {
  readonly database?: { readonly kept?: readonly string[] };
  readonly files?: { readonly roots: readonly LiveRoot[] };
  readonly config?: ConfigFacts & { readonly roots: readonly LiveRoot[] };
}
interface LiveRoot {
  readonly name: string;
  readonly kept?: readonly string[];
}

/** Pure. */
export function liveFindings(
  deployment: string,
  live: LiveFacts,
  about: { readonly manifest: Manifest; readonly now: number },
): readonly Finding[] {
  const { manifest, now } = about;
  const then = factsOf<ConfigFacts>(manifest.snapshots, 'config');
  const { config } = live;
  const drift = config === undefined || then === undefined ? [] : driftedNames(then, config);
  const drifted =
    drift.length === 0
      ? []
      : [
          warning(
            deployment,
            `configuration changed since the last backup: ${drift.join(', ')}`,
            `holdfast backup ${deployment}`,
          ),
        ];
  return [
    ...drifted,
    ...(config?.certificates ?? []).flatMap((certificate) =>
      certificateFindings(certificate, deployment, now),
    ),
    ...keptFindings(deployment, live),
  ];
}

function certificateFindings(
  { path, notAfter, keyMatches }: ConfigFacts['certificates'][number],
  deployment: string,
  now: number,
): readonly Finding[] {
  const left = Date.parse(notAfter) - now;
  const renew = `renew it, then: holdfast backup ${deployment}`;
  const pair =
    keyMatches === false
      ? [warning(deployment, `certificate ${path}: no private key beside it fits`, renew)]
      : [];
  if (left < 0) return [...pair, bad(deployment, `certificate ${path} expired on ${notAfter}`, renew)];
  if (left > EXPIRY_WARNED_MS) return pair;
  return [...pair, warning(deployment, `certificate ${path} expires in ${durationText(left)}`, renew)];
}

function keptFindings(deployment: string, live: LiveFacts): readonly Finding[] {
  const roots = [...(live.files?.roots ?? []), ...(live.config?.roots ?? [])];
  const places = roots.filter(({ kept = [] }) => kept.length > 0).map(({ name }) => name);
  const all = [...(live.database?.kept ?? []).map((name) => `database ${name}`), ...places];
  if (all.length === 0) return [];
  return [
    warning(
      deployment,
      `old state of a restore is kept and takes room: ${all.join(', ')}`,
      `when the restore is good, let it go: holdfast release ${deployment}`,
    ),
  ];
}

/** A drill that failed before its verdict leaves none: its run says so. */
async function drillFindings(door: FrontDoor, deployment: string): Promise<readonly Finding[]> {
  const last = (await listRunsOf(door, deployment, 'drill')).find(({ finishedAt }) => finishedAt !== '');
  if (last === undefined || last.state === 'completed') return [];
  return [
    bad(
      deployment,
      `the last drill ended as ${last.state}, ${last.finishedAt}`,
      `holdfast runs show ${last.runId}`,
    ),
  ];
}

/** What was found of each of the newest backups. Pure. */
export function verdictFinding(
  deployment: string,
  found: readonly (readonly Omit<Verdict, 'runId' | 'notChecked' | 'store'>[])[],
  now: number,
): Finding {
  const failed = found.flatMap((verdicts) => newestChecks(verdicts).filter((check) => !check.ok));
  if (failed.length > 0)
    return bad(
      deployment,
      `of the newest backups ${countText(failed.length, 'check')} failed: ${[...new Set(failed.map(({ name }) => name))].join(', ')}`,
      `holdfast report evidence ${deployment}`,
    );
  const restored = found
    .flat()
    .filter(({ ok: good, level }) => good && level >= RESTORED_LEVEL)
    .toSorted((a, b) => b.at.localeCompare(a.at))[0];
  if (restored === undefined)
    return warning(
      deployment,
      'no newer backup was ever restored, not even for a trial',
      `holdfast drill ${deployment}`,
    );
  const age = durationText(now - Date.parse(restored.at));
  return ok(deployment, `last restored and compared ${age} ago, to level L${restored.level}`);
}
