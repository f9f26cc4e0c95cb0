import type { CallContext } from '#libs/runtime/contract.ts';
import { standingHolds, type Hold } from '#libs/saga/kept-backups.ts';
import { pageOf } from '../domain/page.ts';
import { presentBackup } from '../domain/present.ts';
import type { CoordinatorPorts } from '../ports.ts';

/** Committed backups, newest first; a damaged manifest is shown as damaged, not left away. */
export async function listBackups(
  request: { deployment: string; pageSize: number; pageToken: string },
  _: CallContext,
  { manifests, specs, readLog }: CoordinatorPorts,
) {
  await specs.read(request.deployment);
  const { deployment } = request;
  const { page, nextPageToken } = pageOf(await manifests.ids(deployment), request);
  const listed = await Promise.all(page.map((backupId) => manifests.look(deployment, backupId)));
  const holds = standingHolds(await readLog(deployment).catch(() => []));
  const backups = listed.map((entry) =>
    'damaged' in entry
      ? damagedBackup(deployment, entry, holds.get(entry.backupId))
      : presentBackup(entry, holds.get(entry.manifest.backupId)),
  );
  return { backups, nextPageToken };
}

function damagedBackup(deployment: string, entry: { backupId: string; damaged: string }, hold?: Hold) {
  return {
    backupId: entry.backupId,
    deployment,
    mark: '',
    committedAt: '',
    completeness: 'damaged',
    components: [],
    manifestJson: JSON.stringify({ error: entry.damaged }),
    coverage: [],
    heldBecause: hold?.reason ?? '',
  };
}
