import { type Clock } from '#libs/kernel/clock.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Chain } from '#libs/saga/chain.ts';
import type { Saga } from '#libs/saga/define.ts';
import { driveRun, type DrivePorts } from '#libs/saga/drive.ts';
import type { RunState } from '#libs/saga/fold.ts';
import type { JournalEntry, JournalEvent, RunHeader } from '#libs/saga/journal.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { Log } from '#libs/telemetry/log.ts';
import { EVENTS } from '#libs/telemetry/names.ts';
import { createWake, type RunWake } from './wake.ts';

export interface DriverDeps {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly sagaOf: (header: RunHeader) => Saga;
  readonly drive: Omit<DrivePorts, 'onAppend' | 'store' | 'clock' | 'epoch'>;
  /** Says in the log that the run is over; may run twice. */
  readonly close: (state: RunState) => Promise<void>;
  /** After the last entry: the trace, the event. Its failure is logged, never the run's. */
  readonly onFinished: (state: RunState, entries: readonly JournalEntry[]) => Promise<void>;
  /** There is room for another run. */
  readonly onRoom: () => void;
}

interface Driven {
  readonly deployment: string;
  readonly wake: RunWake;
  readonly done: Promise<void>;
}

/** Runs restart their loop after a transient store error; long enough not to hammer it. */
const RETRY_MS = 2000;
const RETRY_SLOW_MS = 30_000;

/** The runs that this process owns, each driven to its end. All truth is in the store. */
export class RunDriver implements AsyncDisposable {
  readonly #deps: DriverDeps;
  readonly #driven = new Map<string, Driven>();
  /** Why a run does not go on now: what kept its loop from writing. */
  readonly #held = new Map<string, HoldfastError>();
  readonly #stopping = new AbortController();

  constructor(deps: DriverDeps) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#driven.size;
  }

  has(runId: string): boolean {
    return this.#driven.has(runId);
  }

  /** How many runs of each deployment are under way. */
  running(): ReadonlyMap<string, number> {
    const groups = Map.groupBy(this.#driven.values(), ({ deployment }) => deployment);
    return new Map([...groups].map(([deployment, { length }]) => [deployment, length]));
  }

  wakeOf(runId: string): RunWake | undefined {
    return this.#driven.get(runId)?.wake;
  }

  heldBy(runId: string): HoldfastError | undefined {
    return this.#held.get(runId);
  }

  /** The journal says that the run is ours, by log entry `epoch`. */
  begin(journal: Chain<JournalEvent>, header: RunHeader, epoch: number): void {
    const { runId, deployment } = header;
    if (this.#stopping.signal.aborted) return;
    const wake = createWake();
    const done = this.#drive(journal, wake, header, epoch).finally(() => {
      this.#driven.delete(runId);
      this.#held.delete(runId);
      this.#deps.onRoom();
    });
    this.#driven.set(runId, { deployment, wake, done });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort(
      new HoldfastError('CANCELLED', { reason: 'coordinator stops; the run goes on when one is there' }),
    );
    await Promise.all([...this.#driven.values()].map(({ done }) => done));
  }

  /** Ends when the run is finished, is another coordinator's, or this process stops; nothing else gives a run up. */
  async #drive(journal: Chain<JournalEvent>, wake: RunWake, header: RunHeader, epoch: number): Promise<void> {
    const { runId, deployment } = header;
    const log = this.#deps.log.child({ run_id: runId, deployment_id: deployment });
    const { store, clock, drive, sagaOf } = this.#deps;
    const onAppend = () => {
      this.#held.delete(runId);
      wake.announce();
    };
    const ports: DrivePorts = { ...drive, store, clock, epoch, onAppend };
    for (;;) {
      try {
        await journal.refresh();
        const state = await driveRun(sagaOf(header), journal, wake, ports, this.#stopping.signal);
        await this.#deps.close(state);
        log.info(EVENTS.runFinished, { outcome: state.status });
        return await this.#announceEnd(state, journal, log);
      } catch (thrown) {
        if (this.#stopping.signal.aborted) return;
        const error = HoldfastError.from(thrown);
        if (error.code === 'RUN_TAKEN_OVER') return log.warn(EVENTS.runTakenOver, error.details);
        // Another's entry, or our own that arrived after we had given it up: the journal tells.
        if (error.code === 'OBJECT_EXISTS') continue;
        log.error(EVENTS.runInterrupted, { err: error });
        if (error.code === 'JOURNAL_BROKEN') return;
        this.#held.set(runId, error);
        // A full or refusing store is an operator's to mend; the run goes on by itself when it is.
        const pauseMs = error.entry.retry === 'transient' ? RETRY_MS : RETRY_SLOW_MS;
        await wake.watch(pauseMs, this.#stopping.signal).catch(() => {});
      }
    }
  }

  async #announceEnd(state: RunState, journal: Chain<JournalEvent>, log: Log): Promise<void> {
    try {
      await this.#deps.onFinished(state, journal.entries);
    } catch (thrown) {
      log.warn(EVENTS.runUnannounced, { err: HoldfastError.from(thrown) });
    }
  }
}
