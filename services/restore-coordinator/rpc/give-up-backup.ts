import { HoldfastError } from '#libs/kernel/errors.ts';
import type { CallContext } from '#libs/runtime/contract.ts';
import { committedIds, prunedIds } from '#libs/saga/kept-backups.ts';
import type { CoordinatorPorts } from '../ports.ts';
import { requireReason } from './hold-backup.ts';

/**
 * A tombstone for a backup whose manifest is damaged or gone: while it has none, nobody knows what it needs, and no
 * cleaning removes anything. Repeated, it is BACKUP_NOT_FOUND. Throws REFUSED for one that can be read, and
 * BACKUP_NOT_FOUND.
 */
export async function giveUpBackup(
  { deployment, backupId, reason }: { deployment: string; backupId: string; reason: string },
  { principal }: CallContext,
  { logs, manifests }: CoordinatorPorts,
) {
  requireReason(reason);
  const damage = await damageOf(deployment, backupId, manifests);
  const stored = await manifests.ids(deployment);
  await logs.append(deployment, (entries) => {
    const isKnown = stored.includes(backupId) || committedIds(entries).includes(backupId);
    if (prunedIds(entries).has(backupId) || !isKnown)
      throw new HoldfastError('BACKUP_NOT_FOUND', { deployment, backup: backupId });
    return { kind: 'pruned', principal, backupId, reason: `given up: ${reason}; ${damage}` };
  });
  return { damage };
}

/** A store that is away says nothing about a manifest. */
async function damageOf(
  deployment: string,
  backupId: string,
  manifests: CoordinatorPorts['manifests'],
): Promise<string> {
  try {
    await manifests.read(deployment, backupId);
  } catch (thrown) {
    const { code, message } = HoldfastError.from(thrown);
    if (code === 'MANIFEST_DAMAGED') return message;
    if (code === 'BACKUP_NOT_FOUND') return 'its manifest is gone';
    throw thrown;
  }
  throw new HoldfastError('REFUSED', {
    deployment,
    backup: backupId,
    reason: 'its manifest can be read',
    remedy: 'policy.keep of the spec says what is kept; a prune forgets the rest',
  });
}
