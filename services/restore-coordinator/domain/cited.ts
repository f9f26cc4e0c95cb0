import type { RunHeader } from '#libs/saga/journal.ts';
import { backupIdOf } from './backup-id.ts';

/** The backup that a run reads, or makes. */
export interface CitedBackup {
  readonly deployment: string;
  readonly backupId: string;
}

/** Undefined for a run that speaks of none. Pure. */
export function citedBy(header: RunHeader): CitedBackup | undefined {
  const { kind, deployment, parameters } = header;
  if (kind === 'backup') return { deployment, backupId: backupIdOf(header) };
  const { backupId, snapshots } = parameters as {
    readonly backupId?: string;
    readonly snapshots?: readonly { readonly deployment: string }[];
  };
  // A restore may be of another deployment's backup.
  return backupId === undefined
    ? undefined
    : { deployment: snapshots?.[0]?.deployment ?? deployment, backupId };
}
