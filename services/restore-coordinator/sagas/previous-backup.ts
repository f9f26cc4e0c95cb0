import { isWhole, type Manifest } from '#libs/contracts/manifest.ts';
import { parseWith } from '#libs/contracts/step.ts';
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
 * For the step that takes the database: what the backup before has of it. Nothing where all is to be read, nor after a
 * restore, a drill or a verification that failed: what it met may be in every backup that took slices over.
 */
export function previousField(
  { parameters }: RunHeader,
  previous: Manifest | undefined,
  log: readonly LogEntry[],
): { readonly previous?: Json } {
  const { full } = parseWith(backupParameters, parameters, 'backup parameters');
  const database = previous?.snapshots.find(({ component }) => component === 'database');
  if (previous === undefined || database === undefined || full || isDoubted(previous, log)) return {};
  return { previous: refOf(previous.deployment, database) as unknown as Json };
}

/** One that was opened after the failure took nothing over. */
function isDoubted({ startedAt }: Manifest, log: readonly LogEntry[]): boolean {
  const failed = lastFailedTrial(log);
  return failed !== undefined && Date.parse(failed.closed.at) >= Date.parse(startedAt);
}
