import { isWhole, type Manifest } from '#libs/contracts/manifest.ts';
import { parseWith } from '#libs/contracts/step.ts';
import { problem, type Problem } from '#libs/kernel/errors.ts';
import type { Json } from '#libs/kernel/json.ts';
import { lastFailedTrial } from '#libs/saga/failed-trial.ts';
import type { RunHeader } from '#libs/saga/journal.ts';
import type { LogEntry } from '#libs/saga/log.ts';
import { refOf } from '../domain/trial.ts';
import type { CoordinatorPorts } from '../ports.ts';
import { backupParameters } from './backup.ts';

/** The newest complete backup of everything; a partial one says nothing about what is missing. */
export async function previousOf(
  { deployment }: RunHeader,
  { manifests }: Pick<CoordinatorPorts, 'manifests'>,
): Promise<Manifest | undefined> {
  for await (const entry of manifests.list(deployment))
    if ('manifest' in entry && entry.manifest.completeness === 'complete' && isWhole(entry.manifest))
      return entry.manifest;
  return undefined;
}

/**
 * For the step that takes the database: what the backup before has of it. Nothing where all is to be read, be it for other
 * hashes, nor after a restore, a drill or a verification of this deployment that failed, which a warning tells: what it
 * met may be in every backup that took slices over.
 */
export function ofPrevious(
  { parameters }: RunHeader,
  previous: Manifest | undefined,
  log: readonly LogEntry[],
): { readonly field: { readonly previous?: Json }; readonly warnings: readonly Problem[] } {
  const { full, portable } = parseWith(backupParameters, parameters, 'backup parameters');
  const database = previous?.snapshots.find(({ component }) => component === 'database');
  if (previous === undefined || database === undefined || full || portable)
    return { field: {}, warnings: [] };
  const failed = failedSince(previous, log);
  if (failed === undefined)
    return { field: { previous: refOf(previous.deployment, database) as unknown as Json }, warnings: [] };
  const remedy = `see: holdfast runs show ${failed}`;
  const message = `run ${failed} failed since the last backup: every row is read again`;
  return { field: {}, warnings: [problem('STEP_FAILED', 'database', message, remedy)] };
}

/** Run of a trial that failed; a backup that was opened after it took no slice over. */
function failedSince({ startedAt }: Manifest, log: readonly LogEntry[]): string | undefined {
  const failed = lastFailedTrial(log);
  return failed !== undefined && Date.parse(failed.at) >= Date.parse(startedAt) ? failed.runId : undefined;
}
