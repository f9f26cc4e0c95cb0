import { isoTime, systemClock, type Clock } from '#libs/kernel/clock.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { Chain } from './chain.ts';
import { entriesBack } from './entries-back.ts';
import {
  findAnswered,
  findCheckpoint,
  hasCheckpoint,
  lastCheckpointed,
  writeCheckpoint,
} from './checkpoints.ts';
import { logPrefix, deploymentLog, type LogEntry, type LogEvent } from './log.ts';
import { relevant } from './relevant.ts';

/** What to append, by the log as it stands; undefined for nothing. Throws to refuse. */
export type DecideEntry = (
  entries: readonly LogEntry[],
) => LogEvent | undefined | Promise<LogEvent | undefined>;

/**
 * The logs of all deployments as this process knows them. Of a long one that is what still matters (`relevant`) of
 * the entries up to its last checkpoint, and all since.
 */
export interface Logs {
  /** As it stands now. Throws JOURNAL_BROKEN. */
  readonly read: (deployment: string) => Promise<readonly LogEntry[]>;
  /**
   * Appends what `decide` makes of the log as it stands; when another writer was first, reads on and decides again.
   * Durable when it returns. Undefined when nothing was to be appended.
   */
  readonly append: (deployment: string, decide: DecideEntry) => Promise<LogEntry | undefined>;
  /** Every entry, the newest first, before number `before` where it is given. Throws JOURNAL_BROKEN. */
  readonly history: (deployment: string, before?: number) => AsyncIterable<LogEntry>;
  /** The run of an event that `read` tells no more of, because it was long ago. */
  readonly findAnswered: (deployment: string, triggerKey: string) => Promise<string | undefined>;
}

interface KnownLog {
  /** What matters of the entries before those of the chain. */
  before: readonly LogEntry[];
  readonly chain: Chain<LogEvent>;
}

/** Races for the next number are short; this many losses in a row mean a fault. */
const APPEND_TRIES_MAX = 64;

/** `onBroken` is told of a checkpoint that is not of its log; the whole log is read then. */
export function openLogs(
  store: ObjectStore,
  clock: Clock = systemClock,
  onBroken: (deployment: string, error: HoldfastError) => void = () => {},
): Logs {
  const turns = new Map<string, Promise<KnownLog>>();
  /** One user of a log at a time; one that could not be opened is opened anew by the next. */
  const inTurn = async <T>(deployment: string, use: (log: KnownLog) => Promise<T>): Promise<T> => {
    const log = turns.get(deployment)?.catch(() => open(deployment)) ?? open(deployment);
    const used = log.then(use);
    const done = used.then(
      () => log,
      () => log,
    );
    done.catch(() => {});
    turns.set(deployment, done);
    return await used;
  };

  const open = async (deployment: string): Promise<KnownLog> => {
    try {
      const found = await findCheckpoint(store, deployment);
      if (found === undefined) return { before: [], chain: deploymentLog(store, deployment) };
      const place = { next: found.n + 1, head: found.head };
      return { before: found.entries, chain: new Chain<LogEvent>(store, logPrefix(deployment), place) };
    } catch (thrown) {
      const error = HoldfastError.from(thrown);
      if (error.code !== 'JOURNAL_BROKEN') throw error;
      onBroken(deployment, error);
      return { before: [], chain: deploymentLog(store, deployment) };
    }
  };

  return {
    read: (deployment) =>
      inTurn(deployment, async (log) => {
        await log.chain.refresh();
        await shorten(store, deployment, log, { maker: false });
        return allOf(log);
      }),
    append: (deployment, decide) =>
      inTurn(deployment, async (log) => {
        for (let tries = 0; tries < APPEND_TRIES_MAX; tries += 1) {
          await log.chain.refresh();
          const event = await decide(allOf(log));
          if (event === undefined) return undefined;
          try {
            const entry = await log.chain.append(event, isoTime(clock));
            await shorten(store, deployment, log, { maker: true });
            return entry;
          } catch (error) {
            if (HoldfastError.from(error).code !== 'OBJECT_EXISTS') throw error;
          }
        }
        throw new HoldfastError('STORE_THROTTLED', { deployment, reason: 'no turn to append to the log' });
      }),
    async *history(deployment, before) {
      const { next, recent } = await inTurn(deployment, async ({ chain }) => ({
        recent: [...(await chain.refresh())],
        next: chain.next,
      }));
      const place = { store, prefix: logPrefix(deployment), before: before ?? next };
      yield* entriesBack<LogEvent>(place, recent);
    },
    findAnswered: (deployment, key) => findAnswered(store, deployment, key),
  };
}

function allOf({ before, chain }: KnownLog): readonly LogEntry[] {
  return [...before, ...chain.entries];
}

/**
 * Where a checkpoint stands in what was read, or is made, only what matters of the entries up to it stays in memory.
 * A checkpoint that could not be made is no harm: the one before it serves, and the next entry's writer tries again.
 */
async function shorten(
  store: ObjectStore,
  deployment: string,
  log: KnownLog,
  { maker }: { readonly maker: boolean },
): Promise<void> {
  const { chain } = log;
  const n = lastCheckpointed(chain.next);
  if (n < chain.next - chain.entries.length) return;
  const entries = allOf(log).filter((entry) => entry.n <= n);
  const head = chain.entries.find((entry) => entry.n === n + 1)?.previous ?? chain.head;
  try {
    if (!(await hasCheckpoint(store, deployment, n))) {
      if (!maker) return;
      await writeCheckpoint(store, deployment, { n, head, entries });
    }
  } catch {
    return;
  }
  log.before = relevant(deployment, entries);
  chain.forget(n + 1);
}
