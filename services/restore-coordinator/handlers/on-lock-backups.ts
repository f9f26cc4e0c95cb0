import { lockRequest } from '#libs/contracts/requests.ts';
import { parseWith } from '#libs/contracts/step.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import { prunedIds } from '#libs/saga/kept-backups.ts';
import { planLocks } from '../domain/locks.ts';
import type { CoordinatorPorts } from '../ports.ts';
import { candidateOf, planByPolicy, type RetentionPorts } from '../sagas/forget.ts';

/**
 * Locks what retention keeps of the deployment. May run twice, and beside itself: locks only grow. Throws
 * STORE_CANNOT_LOCK, SNAPSHOT_DAMAGED, CHUNK_MISSING: what was locked by then stays so.
 */
export async function onLockBackups(
  request: Json,
  { command: { deployment }, spec, signal, progress }: StepContext,
  ports: RetentionPorts & Pick<CoordinatorPorts, 'lockBackups'>,
): Promise<Json> {
  parseWith(lockRequest, request, 'LockBackups');
  const { lock, timezone } = spec.policy;
  if (lock === undefined) return { locked: [], objects: 0 };
  // What is only kept because it is locked is not locked for longer.
  const choices = await planByPolicy(deployment, spec, ports, signal);
  const listed = await Array.fromAsync(ports.manifests.list(deployment));
  const locks = planLocks({
    lock,
    timezone,
    backups: listed.map(candidateOf),
    forgotten: prunedIds(await ports.readLog(deployment)),
    kept: new Set(choices.filter(({ isKept }) => isKept).map(({ backupId }) => backupId)),
    nowMs: ports.clock.now(),
  });
  const objects = await ports.lockBackups(deployment, locks, { signal, progress });
  const locked = locks.map(({ untilMs, ...rest }) => ({ ...rest, until: new Date(untilMs).toISOString() }));
  return { locked, objects };
}
