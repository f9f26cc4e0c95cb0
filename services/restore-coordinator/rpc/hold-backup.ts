import { HoldfastError } from '#libs/kernel/errors.ts';
import type { CallContext } from '#libs/runtime/contract.ts';
import type { LogEvent } from '#libs/saga/log.ts';
import { prunedIds, standingHolds } from '#libs/saga/kept-backups.ts';
import { presentBackup } from '../domain/present.ts';
import { isRecorded } from '../domain/recorded.ts';
import type { CoordinatorPorts } from '../ports.ts';
import { lockKept } from '../sagas/lock.ts';

/**
 * A held backup stays until the hold is lifted; one that is held keeps its first reason. Where the policy has locks the
 * store holds it, too: a failure of that leaves the hold, and asking again is harmless. Throws BACKUP_NOT_FOUND,
 * STORE_CANNOT_LOCK.
 */
export async function holdBackup(
  { deployment, backupId, reason }: { deployment: string; backupId: string; reason: string },
  { principal, signal }: CallContext,
  ports: CoordinatorPorts,
) {
  requireReason(reason);
  const held = await append(deployment, backupId, ports, (id) => ({
    kind: 'held',
    backupId: id,
    principal,
    reason,
  }));
  const { spec } = await ports.specs.read(deployment);
  await lockKept(deployment, spec, ports, { only: held.backupId, signal, progress: () => {} });
  return held;
}

/** Harmless for one that is not held. Throws BACKUP_NOT_FOUND. */
export async function liftHold(
  { deployment, backupId }: { deployment: string; backupId: string },
  { principal }: CallContext,
  ports: CoordinatorPorts,
) {
  return await append(deployment, backupId, ports, (id) => ({
    kind: 'hold-lifted',
    backupId: id,
    principal,
  }));
}

/** What stands in the log for good says why. Throws MESSAGE_MALFORMED. */
export function requireReason(reason: string): void {
  if (reason.trim() === '') throw new HoldfastError('MESSAGE_MALFORMED', { field: 'reason', wanted: 'why' });
}

/** A tombstone that came first wins. */
async function append(
  deployment: string,
  backupId: string,
  { manifests, logs }: CoordinatorPorts,
  eventOf: (id: string) => LogEvent,
) {
  const stored = await manifests.read(deployment, backupId);
  const { backupId: id } = stored.manifest;
  await logs.append(deployment, (entries) => {
    if (prunedIds(entries).has(id))
      throw new HoldfastError('BACKUP_NOT_FOUND', { deployment, backup: id, reason: 'it was pruned' });
    const event = eventOf(id);
    return isRecorded(entries, event) ? undefined : event;
  });
  return presentBackup(stored, standingHolds(await logs.read(deployment)).get(id));
}
