import type { ComponentName } from '#libs/contracts/sites.ts';
import { runIdOf } from '#libs/kernel/ids.ts';
import type { LogEntry, LogEvent } from './log.ts';

/** An event that asked for a backup, as the deployment's log has it. */
export interface Trigger {
  readonly key: string;
  readonly type: string;
  readonly debounceMs: number;
  readonly minIntervalMs: number;
  /** What it wants backed up; absent: all. */
  readonly components?: readonly ComponentName[];
  readonly atMs: number;
}

export interface Triggers {
  /** Not covered yet, oldest first. */
  readonly pending: readonly Trigger[];
  /** Key of an event → the run that was opened for it, or for the burst it came in. */
  readonly runOf: ReadonlyMap<string, string>;
  /** Type of an event → when its last run was opened. */
  readonly lastRunMs: ReadonlyMap<string, number>;
}

/** Same source and id: same event. */
export function triggerKey(source: string, id: string): string {
  return JSON.stringify([source, id]);
}

/** Two events of the same scope may have one run. */
export function scopeOf({ components = [] }: Pick<Trigger, 'components'>): string {
  return components.join();
}

/** A run that was opened for an event, with the entries of all events it covers. */
export interface Covering {
  readonly opened: LogEntry & { readonly event: Extract<LogEvent, { kind: 'opened' }> };
  /** The one that names the run. */
  readonly named: TriggerEntry;
  readonly covered: readonly TriggerEntry[];
}

type TriggerEntry = LogEntry & { readonly event: Extract<LogEvent, { kind: 'triggered' }> };

/**
 * The log alone says what is pending: a run named by a pending event covers every event of the same components that was
 * recorded before it was opened. So a coordinator that stopped anywhere in between opens the same run again.
 */
export function walkTriggers(
  deployment: string,
  entries: readonly LogEntry[],
): { readonly pending: readonly TriggerEntry[]; readonly coverings: readonly Covering[] } {
  const known = new Set<string>();
  /** Run that an event names → the event, while it is pending. */
  const pending = new Map<string, TriggerEntry>();
  const coverings: Covering[] = [];
  for (const entry of entries) {
    if (isTrigger(entry) && !known.has(entry.event.key)) {
      const { key } = entry.event;
      known.add(key);
      pending.set(runIdOf({ kind: 'event', deployment, key }), entry);
    }
    if (!isOpening(entry)) continue;
    const named = pending.get(entry.event.runId);
    if (named === undefined) continue;
    const covered = [...pending].filter(([, { event }]) => scopeOf(event) === scopeOf(named.event));
    for (const [runId] of covered) pending.delete(runId);
    coverings.push({ opened: entry, named, covered: covered.map(([, trigger]) => trigger) });
  }
  return { pending: [...pending.values()], coverings };
}

export function foldTriggers(deployment: string, entries: readonly LogEntry[]): Triggers {
  const { pending, coverings } = walkTriggers(deployment, entries);
  const runOf = new Map<string, string>();
  const lastRunMs = new Map<string, number>();
  for (const { opened, covered } of coverings)
    for (const { event } of covered) {
      runOf.set(event.key, opened.event.runId);
      lastRunMs.set(event.type, Date.parse(opened.at));
    }
  return { pending: pending.map(triggerOf), runOf, lastRunMs };
}

function triggerOf({ at, event }: TriggerEntry): Trigger {
  const { key, type, debounceMs, minIntervalMs, components } = event;
  const scope = components === undefined ? {} : { components };
  return { key, type, debounceMs, minIntervalMs, ...scope, atMs: Date.parse(at) };
}

function isTrigger(entry: LogEntry): entry is TriggerEntry {
  return entry.event.kind === 'triggered';
}

function isOpening(entry: LogEntry): entry is Covering['opened'] {
  return entry.event.kind === 'opened';
}
