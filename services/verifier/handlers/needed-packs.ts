import type { SnapshotRef } from '#libs/contracts/requests.ts';
import type { HoldfastError } from '#libs/kernel/errors.ts';
import type { Evidence } from '../ports.ts';
import { findDamage } from './find-damage.ts';

export interface NeededPacks {
  /** Pack → components that need it. */
  readonly users: ReadonlyMap<string, readonly string[]>;
  /** Snapshots that are not what they are to be, or of which a list cannot be read. */
  readonly damaged: readonly { readonly of: SnapshotRef; readonly error: HoldfastError }[];
}

/** What these snapshots need, as far as it can be read. */
export async function readNeededPacks(
  refs: readonly SnapshotRef[],
  evidence: Evidence,
  signal: AbortSignal,
): Promise<NeededPacks> {
  const users = new Map<string, string[]>();
  const damaged = await findDamage(refs, async (ref) => {
    const { packs, unreadable } = await evidence.neededPacks(ref, signal);
    for (const pack of packs) users.set(pack, [...(users.get(pack) ?? []), ref.component]);
    if (unreadable !== undefined) throw unreadable;
  });
  return { users, damaged };
}
