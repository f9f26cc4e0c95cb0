import { HoldfastError } from '#libs/kernel/errors.ts';
import { canonicalJson, jsonIfAny } from '#libs/kernel/json.ts';
import { sha256 } from '#libs/kernel/ids.ts';
import { findBytes, putFirst } from '#libs/store/objects.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { countBySearch, entryName, paddedNumber } from './chain.ts';
import { logPrefix, type LogEntry } from './log.ts';
import { relevant } from './relevant.ts';
import { walkTriggers } from './triggers.ts';

/** What stands for a log up to and with an entry. */
export interface Checkpoint {
  /** Number of that entry. */
  readonly n: number;
  /** Its SHA-256, as stored. */
  readonly head: string;
  /** What still matters of the log up to it. */
  readonly entries: readonly LogEntry[];
}

/** Entries from one checkpoint to the next: so many small objects are read at a cold start, at most. */
export const CHECKPOINT_EVERY = 64;

export function checkpointPrefix(deployment: string): string {
  return `deployments/${deployment}/checkpoints/`;
}

/** The number of the newest entry that a checkpoint may stand after; -1 for none. */
export function lastCheckpointed(next: number): number {
  return Math.floor(next / CHECKPOINT_EVERY) * CHECKPOINT_EVERY - 1;
}

/**
 * The newest checkpoint. Its place is found by the log's entries: a checkpoint may be missing, for whoever should have
 * made it ended; then the one before it serves. Throws JOURNAL_BROKEN when it is not of this log.
 */
export async function findCheckpoint(
  store: ObjectStore,
  deployment: string,
): Promise<Checkpoint | undefined> {
  const prefix = logPrefix(deployment);
  const lastOf = (block: number) => (block + 1) * CHECKPOINT_EVERY - 1;
  const blocks = await countBySearch(
    async (block) => (await store.head(entryName(prefix, lastOf(block)))) !== undefined,
    await countListed(store, deployment),
  );
  for (let block = blocks - 1; block >= 0; block -= 1) {
    const name = checkpointName(deployment, lastOf(block));
    const bytes = await findBytes(store, name);
    if (bytes === undefined) continue;
    const checkpoint = parseCheckpoint(bytes, name);
    const entry = await findBytes(store, entryName(prefix, checkpoint.n));
    if (checkpoint.n !== lastOf(block) || entry === undefined || sha256(entry) !== checkpoint.head)
      throw new HoldfastError('JOURNAL_BROKEN', { object: name, reason: 'not of the entry it names' });
    return checkpoint;
  }
  return undefined;
}

/** How many blocks of entries there are at least, by the checkpoints: a late listing costs a few more looks, no more. */
async function countListed(store: ObjectStore, deployment: string): Promise<number> {
  let n = -1;
  for await (const { name } of store.list(checkpointPrefix(deployment)))
    n = Number(/(\d+)\.json$/.exec(name)?.[1] ?? n);
  return Math.floor((n + 1) / CHECKPOINT_EVERY);
}

/**
 * Makes a checkpoint of all that matters up to entry `n`, unless it is there. Two remain: the newest, and the one that
 * serves until that is there. `entries`: the log up to `n`, or what matters of it.
 */
export async function writeCheckpoint(
  store: ObjectStore,
  deployment: string,
  { n, head, entries }: Checkpoint,
): Promise<void> {
  // Events that leave the log's memory keep their answer in an object, before they leave.
  for (const { opened, covered } of walkTriggers(deployment, entries).coverings)
    await Promise.all(
      covered.map(({ event: { key } }) =>
        putFirst(
          store,
          answeredName(deployment, key),
          Buffer.from(canonicalJson({ key, runId: opened.event.runId })),
        ),
      ),
    );
  const checkpoint = encodeCheckpoint({ n, head, entries: relevant(deployment, entries) });
  await putFirst(store, checkpointName(deployment, n), checkpoint);
  const old = n - 2 * CHECKPOINT_EVERY;
  if (old >= 0) await store.delete(checkpointName(deployment, old));
}

export async function hasCheckpoint(store: ObjectStore, deployment: string, n: number): Promise<boolean> {
  return (await store.head(checkpointName(deployment, n))) !== undefined;
}

/** The run of an event that left the log's memory. */
export async function findAnswered(
  store: ObjectStore,
  deployment: string,
  key: string,
): Promise<string | undefined> {
  const bytes = await findBytes(store, answeredName(deployment, key));
  const { runId } = (bytes === undefined ? {} : jsonIfAny(bytes)) as { runId?: string };
  return runId;
}

export function encodeCheckpoint({ n, head, entries }: Checkpoint): Buffer {
  const bare = entries.map(({ n: number, at, event }) => ({ n: number, at, event }));
  return Buffer.from(canonicalJson({ format: 1, n, head, entries: bare }));
}

export function parseCheckpoint(bytes: Buffer, name: string): Checkpoint {
  const { n, head, entries } = (jsonIfAny(bytes) ?? {}) as Partial<Checkpoint>;
  if (typeof n !== 'number' || typeof head !== 'string' || !Array.isArray(entries))
    throw new HoldfastError('JOURNAL_BROKEN', { object: name });
  return { n, head, entries: entries.map((entry: LogEntry) => ({ ...entry, previous: '' })) };
}

function checkpointName(deployment: string, n: number): string {
  return `${checkpointPrefix(deployment)}${paddedNumber(n)}.json`;
}

function answeredName(deployment: string, key: string): string {
  return `deployments/${deployment}/triggers/${sha256(key)}.json`;
}
