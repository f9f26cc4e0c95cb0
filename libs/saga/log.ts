import type { ComponentName } from '#libs/contracts/sites.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { Chain, type ChainEntry } from './chain.ts';

/** What a deployment's log records: the lock, the epochs, the audit ledger. */
export type LogEvent =
  | {
      readonly kind: 'opened';
      readonly runId: string;
      readonly runKind: string;
      readonly exclusive: boolean;
      readonly principal: string;
    }
  | { readonly kind: 'taken-over'; readonly runId: string }
  | { readonly kind: 'closed'; readonly runId: string; readonly outcome: string }
  | {
      readonly kind: 'committed';
      readonly runId: string;
      readonly backupId: string;
      readonly manifestDigest: string;
      /** Absent: all. */
      readonly components?: readonly ComponentName[];
    }
  /** An event of the EDMS that asks for a backup, with the policy it came under; `key` names the event. */
  | {
      readonly kind: 'triggered';
      readonly key: string;
      readonly type: string;
      readonly debounceMs: number;
      readonly minIntervalMs: number;
      /** Absent: all. */
      readonly components?: readonly ComponentName[];
    }
  /** From here on the slots of this schedule count; an empty one: none do. */
  | { readonly kind: 'scheduled'; readonly schedule: string; readonly timezone: string }
  /** The time of a schedule has come; its run follows. RFC 3339. */
  | { readonly kind: 'slot'; readonly slot: string }
  | {
      readonly kind: 'restored';
      readonly runId: string;
      readonly backupId: string;
      /** Absent: all. */
      readonly components?: readonly ComponentName[];
      /** It went beside the living system: no old state was switched away. */
      readonly kept?: false;
    }
  /** The switch of restore `restoreRunId` was taken back; the states of these restores were dropped. */
  | { readonly kind: 'rolled-back'; readonly runId: string; readonly restoreRunId: string }
  | { readonly kind: 'schedules-released'; readonly runId: string; readonly restoreRunId: string }
  | { readonly kind: 'released'; readonly runId: string; readonly restoreRunIds: readonly string[] }
  | {
      readonly kind: 'approved';
      readonly runId: string;
      readonly planDigest: string;
      readonly principal: string;
    }
  /** The backup stays whatever the policy says, until the hold is lifted. */
  | { readonly kind: 'held'; readonly backupId: string; readonly principal: string; readonly reason: string }
  | { readonly kind: 'hold-lifted'; readonly backupId: string; readonly principal: string }
  /** The tombstone of a backup: from here on it is none, and what only it needs may be removed. */
  | {
      readonly kind: 'pruned';
      /** The prune; absent where somebody gave up what could not be read. */
      readonly runId?: string;
      readonly principal?: string;
      readonly backupId: string;
      readonly reason: string;
    }
  /** Runs that are opened after this entry read condemned list `list` or a newer one (FORMAT.md#cleaning). */
  | { readonly kind: 'condemned'; readonly list: number }
  | {
      readonly kind: 'value-released';
      readonly principal: string;
      readonly at: string;
      readonly [detail: string]: string;
    };

/** In place of all commits before it, where only what matters of a log is kept; never appended. */
interface Commits {
  readonly kind: 'commits';
  /** In the order of their commits. */
  readonly backupIds: readonly string[];
}

/** In place of all tombstones before it, likewise. */
interface Prunes {
  readonly kind: 'prunes';
  readonly backupIds: readonly string[];
}

export type LogEntry = ChainEntry<LogEvent | Commits | Prunes>;

export function logPrefix(deployment: string): string {
  return `deployments/${deployment}/log/`;
}

/** The whole log, from its first entry. */
export function deploymentLog(store: ObjectStore, deployment: string): Chain<LogEvent> {
  return new Chain<LogEvent>(store, logPrefix(deployment));
}

export interface OpenRun {
  readonly runId: string;
  readonly runKind: string;
  readonly exclusive: boolean;
  readonly epoch: number;
}

/** Runs that were opened or taken over and not closed, with the epoch that counts now. */
export function openRuns(entries: readonly LogEntry[]): readonly OpenRun[] {
  const open = new Map<string, OpenRun>();
  for (const { n, event } of entries) {
    if (event.kind === 'opened')
      open.set(event.runId, {
        runId: event.runId,
        runKind: event.runKind,
        exclusive: event.exclusive,
        epoch: n,
      });
    if (event.kind === 'closed') open.delete(event.runId);
    const known = event.kind === 'taken-over' ? open.get(event.runId) : undefined;
    if (known !== undefined) open.set(known.runId, { ...known, epoch: n });
  }
  return [...open.values()];
}
