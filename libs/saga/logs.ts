import { isoTime, systemClock, type Clock } from '#libs/kernel/clock.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { Chain } from './chain.ts';
import { deploymentLog, type LogEntry, type LogEvent } from './log.ts';

/** What to append, by the log as it stands; undefined for nothing. Throws to refuse. */
export type DecideEntry = (entries: readonly LogEntry[]) => LogEvent | undefined;

/** The logs of all deployments as this process knows them: what was read once is kept. */
export interface Logs {
  /** As it stands now. Throws JOURNAL_BROKEN. */
  readonly read: (deployment: string) => Promise<readonly LogEntry[]>;
  /**
   * Appends what `decide` makes of the log as it stands; when another writer was first, reads on and decides again.
   * Durable when it returns. Undefined when nothing was to be appended.
   */
  readonly append: (deployment: string, decide: DecideEntry) => Promise<LogEntry | undefined>;
}

/** Races for the next number are short; this many losses in a row mean a fault. */
const APPEND_TRIES_MAX = 64;

export function openLogs(store: ObjectStore, clock: Clock = systemClock): Logs {
  const turns = new Map<string, { log: Chain<LogEvent>; last: Promise<unknown> }>();
  /** One user of a chain at a time. */
  const inTurn = <T>(deployment: string, use: (log: Chain<LogEvent>) => Promise<T>): Promise<T> => {
    const { log, last } = turns.get(deployment) ?? {
      log: deploymentLog(store, deployment),
      last: Promise.resolve(),
    };
    const turn = last.catch(() => {}).then(() => use(log));
    turns.set(deployment, { log, last: turn });
    return turn;
  };
  return {
    read: (deployment) => inTurn(deployment, async (log) => [...(await log.refresh())]),
    append: (deployment, decide) =>
      inTurn(deployment, async (log) => {
        for (let tries = 0; tries < APPEND_TRIES_MAX; tries += 1) {
          const event = decide(await log.refresh());
          if (event === undefined) return undefined;
          try {
            return await log.append(event, isoTime(clock));
          } catch (error) {
            if (HoldfastError.from(error).code !== 'OBJECT_EXISTS') throw error;
          }
        }
        throw new HoldfastError('INTERNAL', { reason: 'no turn to append to the log' });
      }),
  };
}
