import { HoldfastError } from '#libs/kernel/errors.ts';
import { sha256 } from '#libs/kernel/ids.ts';
import { countBySearch, entryName, parseEntry } from '#libs/saga/chain.ts';
import { checkpointPrefix, parseCheckpoint } from '#libs/saga/checkpoints.ts';
import { logPrefix, openRuns, type LogEntry, type LogEvent } from '#libs/saga/log.ts';
import { findBytes, putFirst, signalOption } from '#libs/store/objects.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { compareListings } from './listings.ts';

interface Stores {
  readonly from: ObjectStore;
  readonly to: ObjectStore;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Number of the entry before which a copy of the log ends: the one that opened the oldest run that is still open. So
 * the log of the copy has no open run, whose journal is not there, and whoever restores from it need not end one first.
 */
export function endOfCopy(entries: readonly LogEntry[]): number {
  const open = new Set(openRuns(entries).map(({ runId }) => runId));
  const opened = entries.filter(({ event }) => event.kind === 'opened' && open.has(event.runId));
  return Math.min(...opened.map(({ n }) => n));
}

/**
 * Appends to the copy of a log what it lacks of the entries before `end`, and before the first that tells of a condemned
 * list which is not among the copied `lists`. Each is put when the one after it, where
 * there is one, holds its digest: what lies in the copy is always a chain that goes on. Throws JOURNAL_BROKEN.
 */
export async function copyLog(
  deployment: string,
  { end, lists }: { readonly end: number; readonly lists: number },
  { from, to, signal }: Stores,
  onCopied: (bytes: number) => void,
): Promise<void> {
  const prefix = logPrefix(deployment);
  const read = (store: ObjectStore, n: number) =>
    findBytes(store, entryName(prefix, n), signalOption(signal));
  const broken = (n: number, reason: string) =>
    new HoldfastError('JOURNAL_BROKEN', { object: entryName(prefix, n), reason });
  let n = await countBySearch(async (index) => (await read(to, index)) !== undefined, 0);
  let before = n === 0 ? undefined : await read(to, n - 1);
  const known = n === 0 ? undefined : await read(from, n - 1);
  if (n > 0 && (before === undefined || known?.equals(before) !== true))
    throw broken(n - 1, 'differs between the two stores');
  for (let next = await read(from, n); next !== undefined && n < end; n += 1) {
    const bytes = next;
    const entry = parseEntry<LogEvent>(bytes, entryName(prefix, n));
    if (entry.event.kind === 'condemned' && entry.event.list > lists) return;
    if (entry.n !== n || entry.previous !== (before === undefined ? '' : sha256(before)))
      throw broken(n, 'does not follow the entry before it');
    next = await read(from, n + 1);
    if (next !== undefined && parseEntry(next, entryName(prefix, n + 1)).previous !== sha256(bytes))
      throw broken(n, 'is not the one that the entry after it names');
    await putFirst(to, entryName(prefix, n), bytes, signal);
    onCopied(bytes.length);
    before = bytes;
  }
}

/** Those that stand after an entry that the copy has, and hold its digest; others follow when it has theirs. */
export async function copyCheckpoints(
  deployment: string,
  { from, to, signal }: Stores,
  onCopied: (bytes: number) => void,
): Promise<void> {
  for await (const { from: own, to: there } of compareListings(checkpointPrefix(deployment), {
    from,
    to,
    signal,
  })) {
    const bytes =
      own === undefined || there !== undefined
        ? undefined
        : await findBytes(from, own.name, signalOption(signal));
    if (own === undefined || bytes === undefined) continue;
    const { n, head } = parseCheckpoint(bytes, own.name);
    const entry = await findBytes(to, entryName(logPrefix(deployment), n), signalOption(signal));
    if (entry === undefined || sha256(entry) !== head) continue;
    await putFirst(to, own.name, bytes, signal);
    onCopied(bytes.length);
  }
}
