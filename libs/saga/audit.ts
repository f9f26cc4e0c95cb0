import { HoldfastError } from '#libs/kernel/errors.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { Chain, CHAIN_START, entryName, type ChainEntry } from './chain.ts';
import { CHECKPOINT_EVERY, checkpointPrefix, encodeCheckpoint } from './checkpoints.ts';
import { fold } from './fold.ts';
import { journalPrefix, type JournalEvent } from './journal.ts';
import { logPrefix, type LogEntry, type LogEvent } from './log.ts';
import { relevant } from './relevant.ts';

/** What an audit found of all logs and journals of a store. */
export interface Audit {
  readonly logs: readonly AuditedLog[];
  readonly journals: number;
  readonly journalEntries: number;
  /** The first object of each record that does not hold; empty when all do. */
  readonly broken: readonly Broken[];
}

export interface AuditedLog {
  readonly deployment: string;
  readonly entries: number;
  /** SHA-256 of the last entry; kept elsewhere, it tells later that nothing before it was changed. */
  readonly head: string;
}

export interface Broken {
  readonly object: string;
  readonly reason: string;
}

/** How each run ended, by the logs; undefined while it is open. */
type Ends = Map<string, string | undefined>;

/**
 * Reads every entry of every log and journal, and asks whether each follows the one before it, whether none is behind
 * the last, whether checkpoints stand for their logs, and whether journals end as the logs say. Needs no key. Who can
 * write to the store and forges a whole record with all that cites it is not found: for that a head is kept elsewhere.
 */
export async function auditRecords(
  store: ObjectStore,
  deployments: readonly string[],
  options: { readonly signal?: AbortSignal } = {},
): Promise<Audit> {
  const broken: Broken[] = [];
  const ends: Ends = new Map();
  const logs: AuditedLog[] = [];
  for (const deployment of deployments)
    logs.push(await auditLog(store, deployment, { ends, broken }, options));
  const journals = { count: 0, entries: 0 };
  for await (const { runId, last } of listJournals(store, options)) {
    journals.count += 1;
    journals.entries += await auditJournal(store, { runId, last }, { ends, broken }, options);
    ends.delete(runId);
  }
  for (const [runId, end] of ends)
    if (end !== undefined)
      broken.push({ object: entryName(journalPrefix(runId), 0), reason: 'is missing: the log has its run' });
  return { logs, journals: journals.count, journalEntries: journals.entries, broken };
}

interface Found {
  readonly ends: Ends;
  readonly broken: Broken[];
}

async function auditLog(
  store: ObjectStore,
  deployment: string,
  { ends, broken }: Found,
  options: { readonly signal?: AbortSignal },
): Promise<AuditedLog> {
  const prefix = logPrefix(deployment);
  const checkpoints = await readCheckpoints(store, deployment, options);
  let kept: readonly LogEntry[] = [];
  let since: LogEntry[] = [];
  const chain = new Chain<LogEvent>(store, prefix);
  const place = await scan(chain, prefix, broken, options, (entry, head) => {
    since.push(entry);
    if (entry.event.kind === 'opened') ends.set(entry.event.runId, undefined);
    if (entry.event.kind === 'closed') ends.set(entry.event.runId, entry.event.outcome);
    if ((entry.n + 1) % CHECKPOINT_EVERY !== 0) return;
    kept = relevant(deployment, [...kept, ...since]);
    since = [];
    const checkpoint = checkpoints.get(entry.n);
    checkpoints.delete(entry.n);
    if (checkpoint?.equals(encodeCheckpoint({ n: entry.n, head, entries: kept })) !== false) return;
    broken.push({
      object: entryName(checkpointPrefix(deployment), entry.n),
      reason: 'says other than the log',
    });
  });
  const stands = [...checkpoints.keys()].toSorted((a, b) => a - b)[0];
  if (stands !== undefined && place.whole)
    broken.push({
      object: entryName(prefix, place.next),
      reason: `is missing: a checkpoint stands after entry ${stands}`,
    });
  if (place.whole) await findBehind(store, prefix, place.next, broken, options);
  return { deployment, entries: place.next, head: place.head };
}

async function readCheckpoints(
  store: ObjectStore,
  deployment: string,
  options: { readonly signal?: AbortSignal },
): Promise<Map<number, Buffer>> {
  const found = new Map<number, Buffer>();
  for await (const { name } of store.list(checkpointPrefix(deployment), options))
    found.set(Number(/(\d+)\.json$/.exec(name)?.[1]), await store.get(name, options));
  return found;
}

async function auditJournal(
  store: ObjectStore,
  { runId, last }: { readonly runId: string; readonly last: number },
  { ends, broken }: Found,
  options: { readonly signal?: AbortSignal },
): Promise<number> {
  const prefix = journalPrefix(runId);
  const entries: ChainEntry<JournalEvent>[] = [];
  const chain = new Chain<JournalEvent>(store, prefix);
  const place = await scan(chain, prefix, broken, options, (entry) => entries.push(entry));
  if (!place.whole) return place.next;
  if (last >= place.next) {
    broken.push({ object: entryName(prefix, place.next), reason: 'is missing: there are entries behind it' });
    return place.next;
  }
  const wanted = ends.get(runId);
  const status = fold(entries)?.status;
  if (wanted !== undefined && wanted !== status)
    broken.push({
      object: entryName(prefix, place.next - 1),
      reason: `ends as ${status ?? 'nothing'}: the log says ${wanted}`,
    });
  return place.next;
}

/** Every entry with its SHA-256; what does not hold is added to `broken`, and ends it. */
async function scan<E>(
  chain: Chain<E>,
  prefix: string,
  broken: Broken[],
  options: { readonly signal?: AbortSignal },
  onEntry: (entry: ChainEntry<E>, head: string) => void,
): Promise<{ readonly next: number; readonly head: string; readonly whole: boolean }> {
  let { next, head } = CHAIN_START;
  let before: ChainEntry<E> | undefined;
  const pass = (digest: string): void => {
    if (before === undefined) return;
    onEntry(before, digest);
    next = before.n + 1;
    head = digest;
  };
  try {
    for await (const entry of chain.scan(options)) {
      pass(entry.previous);
      before = entry;
    }
    pass(chain.head);
    return { next, head, whole: true };
  } catch (thrown) {
    const { code, details } = HoldfastError.from(thrown);
    if (code !== 'JOURNAL_BROKEN') throw thrown;
    broken.push({ object: String(details['object']), reason: String(details['reason']) });
    return { next, head, whole: false };
  }
}

/** Names are listed only to find what lies behind the last entry. */
async function findBehind(
  store: ObjectStore,
  prefix: string,
  next: number,
  broken: Broken[],
  options: { readonly signal?: AbortSignal },
): Promise<void> {
  const startAfter = entryName(prefix, next);
  for await (const { name } of store.list(prefix, { startAfter, ...options })) {
    broken.push({ object: startAfter, reason: `is missing: there is ${name}` });
    return;
  }
}

/** Runs with the highest number that is listed; one listing of all. */
async function* listJournals(
  store: ObjectStore,
  options: { readonly signal?: AbortSignal },
): AsyncIterable<{ readonly runId: string; readonly last: number }> {
  let run: { readonly runId: string; readonly last: number } | undefined;
  for await (const { name } of store.list('runs/', options)) {
    const match = /^runs\/([^/]+)\/(?:(\d+)\.json)?/.exec(name);
    if (match === null) continue;
    const [, runId = '', n] = match;
    const last = n === undefined ? -1 : Number(n);
    if (run !== undefined && run.runId !== runId) yield run;
    run = { runId, last: run?.runId === runId ? Math.max(run.last, last) : last };
  }
  if (run !== undefined) yield run;
}
