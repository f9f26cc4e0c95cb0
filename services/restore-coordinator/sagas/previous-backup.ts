import { isWhole, type Manifest } from '#libs/contracts/manifest.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { RunHeader } from '#libs/saga/journal.ts';
import { refOf } from '../domain/trial.ts';
import type { CoordinatorPorts } from '../ports.ts';

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

/** For the step that takes the database: what the backup before has of it. */
export function previousField(previous: Manifest | undefined): { readonly previous?: Json } {
  const database = previous?.snapshots.find(({ component }) => component === 'database');
  if (previous === undefined || database === undefined) return {};
  return { previous: refOf(previous.deployment, database) as unknown as Json };
}
