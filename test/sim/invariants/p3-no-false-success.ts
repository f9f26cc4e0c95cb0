import type { Manifest } from '#libs/contracts/manifest.ts';
import type { RunOutcome } from '#libs/saga/journal.ts';
import type { Facts, RunFacts } from '../facts.ts';
import { packName } from '../workers/snapshots.ts';

/** P3: what a manifest cites is durable, was verified before it, and fits. */
export function manifestCitesWhatIsProved(manifest: Manifest, facts: Facts): string | undefined {
  const contents = new Map<string, Record<string, unknown>>();
  for (const { component, id } of manifest.snapshots) {
    const snapshot = facts.object(`snapshots/${manifest.deployment}/${component}/${id}`);
    if (snapshot === undefined) return `snapshot ${component} ${id} is not there`;
    const { packs } = snapshot as { packs: readonly string[] };
    const missing = packs.find((pack) => facts.object(packName(pack)) === undefined);
    if (missing !== undefined) return `pack ${missing} of ${component} is not there`;
    const read = packs.map((pack) => facts.object(packName(pack)) as Record<string, unknown>);
    contents.set(component, Object.assign({}, ...read) as Record<string, unknown>);
  }
  const verified = [...facts.run(manifest.runId).results.values()].some(
    ({ step, ok }) => step === 'verify' && ok,
  );
  if (!verified) return 'nothing was verified before it';
  const [database, files] = [contents.get('database'), contents.get('files')];
  if (manifest.completeness !== 'complete' || database === undefined || files === undefined) return undefined;
  const lost = Object.keys(database).find((row) => files[row] === undefined);
  return lost === undefined ? undefined : `it says complete, and row ${lost} has no file`;
}

/** P3: a run is closed when its journal says how it ended, and a backup that ended well when its manifest is there. */
export function closedAfterTheEnd(run: RunFacts, outcome: string, facts: Facts): string | undefined {
  if (run.outcome === undefined) return `closed as ${outcome} before its journal is finished`;
  if (run.outcome !== outcome) return `closed as ${outcome}, its journal says ${run.outcome}`;
  const isGood = outcome === 'completed' || outcome === 'partial';
  const isStored = [...facts.backups.values()].includes(run.runId);
  if (run.header?.kind === 'backup' && isGood && !isStored) return 'closed as a backup that is not there';
  return undefined;
}

/** P3, P4: what a finished restore or rollback says is what is there: wholly new, or wholly old. */
export function saysWhatIsThere(run: RunFacts, outcome: RunOutcome, facts: Facts): string | undefined {
  const deployment = facts.deploymentOf(run);
  const { kind, parameters } = run.header!;
  if (deployment === undefined || (kind !== 'restore' && kind !== 'rollback') || outcome === 'stuck')
    return undefined;
  const { restoreRunId } = parameters as { restoreRunId?: string };
  const after = kind === 'restore' ? run.runId : facts.run(restoreRunId!).tagBefore;
  const wanted = outcome === 'completed' ? after : run.tagBefore;
  const tags = new Set([
    deployment.server.live?.tag ?? 'no database',
    ...deployment.files.tags(),
    ...deployment.config.tags(),
  ]);
  if (tags.size === 1 && tags.has(wanted!)) return undefined;
  return `${kind} is ${outcome}, so ${wanted} should live, and there is ${[...tags].join(' and ')}`;
}

/** P3: a backup run that did not end well has left no backup. */
export function noBackupOfAFailedRun(facts: Facts): string | undefined {
  for (const [backupId, runId] of facts.backups) {
    const { outcome } = facts.run(runId);
    if (outcome !== undefined && outcome !== 'completed' && outcome !== 'partial')
      return `run ${runId.slice(0, 8)} is ${outcome}, and its backup ${backupId} is there`;
  }
  return undefined;
}
