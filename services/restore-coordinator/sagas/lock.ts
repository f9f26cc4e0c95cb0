import type { LockOutcome } from '#libs/contracts/requests.ts';
import type { Spec } from '#libs/contracts/spec.ts';
import { HoldfastError, problem, type Problem } from '#libs/kernel/errors.ts';
import type { CleaningOptions } from '#libs/repository/cleaning/port.ts';
import { prunedIds, standingHolds } from '#libs/saga/kept-backups.ts';
import { planLocks } from '../domain/locks.ts';
import type { CoordinatorPorts } from '../ports.ts';
import { candidateOf, planByPolicy, type RetentionPorts } from './forget.ts';

/**
 * Locks what retention keeps of the deployment, or `only` the one, if it is to be locked; undefined where the policy has
 * no locks. May run twice, and beside itself: locks only grow. Throws STORE_CANNOT_LOCK, SNAPSHOT_DAMAGED, CHUNK_MISSING:
 * what was locked by then stays so.
 */
export async function lockKept(
  deployment: string,
  spec: Spec,
  ports: RetentionPorts & Pick<CoordinatorPorts, 'lockBackups'>,
  { only, ...options }: Pick<CleaningOptions, 'signal' | 'progress'> & { readonly only?: string },
): Promise<LockOutcome | undefined> {
  const { lock, timezone } = spec.policy;
  if (lock === undefined) return undefined;
  const listed = await Array.fromAsync(ports.manifests.list(deployment));
  // What is only kept because it is locked is not locked for longer.
  const choices = await planByPolicy({ deployment, spec, listed }, ports, options.signal);
  const log = await ports.readLog(deployment);
  const planned = planLocks({
    lock,
    timezone,
    backups: listed.map(candidateOf),
    forgotten: prunedIds(log),
    held: standingHolds(log),
    kept: new Set(choices.filter(({ isKept }) => isKept).map(({ backupId }) => backupId)),
    nowMs: ports.clock.now(),
  });
  const locks = planned.filter(({ backupId }) => only === undefined || backupId === only);
  const objects = await ports.lockBackups(deployment, locks, options);
  const locked = locks.map(({ untilMs, ...rest }) => ({ ...rest, until: new Date(untilMs).toISOString() }));
  return { locked, objects };
}

/** A backup that could not be locked at its end is refused at its beginning. */
export async function lockProblems(
  { policy }: Spec,
  { requireLocks }: Pick<CoordinatorPorts, 'requireLocks'>,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  if (policy.lock === undefined) return [];
  try {
    await requireLocks(signal);
    return [];
  } catch (thrown) {
    const { code, message } = HoldfastError.from(thrown);
    if (code !== 'STORE_CANNOT_LOCK') throw thrown;
    return [problem(code, 'policy.lock', message)];
  }
}
