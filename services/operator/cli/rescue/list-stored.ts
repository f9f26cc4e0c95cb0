import { componentsIn, openManifest } from '#libs/contracts/manifest.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Repository } from '#libs/repository/port.ts';
import { prunedIds } from '#libs/saga/kept-backups.ts';
import { openLogs } from '#libs/saga/logs.ts';
import type { RescueHost } from './open-rescue.ts';

type Verify = Repository['verifySignature'];

export type StoredBackup =
  | {
      readonly deployment: string;
      readonly backupId: string;
      readonly mark: string;
      readonly committedAt: string;
      readonly completeness: string;
      readonly components: readonly string[];
    }
  | { readonly deployment: string; readonly backupId: string; readonly damaged: string };

/**
 * Backups of one deployment or of all, newest first; one whose signature does not hold is listed as damaged, one that
 * the log has pruned is none. A log that cannot be read hides nothing.
 */
export async function listStored(
  { store, repository }: Pick<RescueHost, 'store' | 'repository'>,
  deployment?: string,
): Promise<readonly StoredBackup[]> {
  const found: StoredBackup[] = [];
  const logs = openLogs(store);
  const pruned = new Map<string, ReadonlySet<string>>();
  for await (const { name } of store.list(deployment === undefined ? 'backups/' : `backups/${deployment}/`)) {
    const match = /^backups\/([^/]+)\/([^/]+)\.json$/.exec(name);
    if (match === null) continue;
    const where = { deployment: match[1]!, id: match[2]! };
    const { deployment: of } = where;
    if (!pruned.has(of)) pruned.set(of, prunedIds(await logs.read(of).catch(() => [])));
    if (pruned.get(of)!.has(where.id)) continue;
    found.push(
      readStored(await store.get(name), where, (...signed) => repository.verifySignature(...signed)),
    );
  }
  return found.toSorted(
    (a, b) => a.deployment.localeCompare(b.deployment) || b.backupId.localeCompare(a.backupId),
  );
}

function readStored(bytes: Buffer, where: { deployment: string; id: string }, verify: Verify): StoredBackup {
  const { deployment, id: backupId } = where;
  try {
    const manifest = openManifest(bytes, where, verify);
    const { mark, committedAt, completeness } = manifest;
    return { deployment, backupId, mark, committedAt, completeness, components: componentsIn(manifest) };
  } catch (thrown) {
    return { deployment, backupId, damaged: String(HoldfastError.from(thrown).details['reason']) };
  }
}
