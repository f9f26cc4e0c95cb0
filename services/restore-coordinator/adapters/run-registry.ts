import { isoTime, type Clock } from '#libs/kernel/clock.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { runIdOf } from '#libs/kernel/ids.ts';
import type { Chain } from '#libs/saga/chain.ts';
import { driveRun, type DrivePorts } from '#libs/saga/drive.ts';
import { isFinished, type RunState } from '#libs/saga/fold.ts';
import { runJournal, type JournalEntry, type JournalEvent, type RunHeader } from '#libs/saga/journal.ts';
import { appendDecided, deploymentLog, openRuns, type LogEvent, type LogEntry } from '#libs/saga/log.ts';
import type { Saga } from '#libs/saga/define.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { Log } from '#libs/telemetry/log.ts';
import { EVENTS } from '#libs/telemetry/names.ts';
import type { Progress, RunRequest, Runs } from '../ports.ts';
import { followRun, listRunIds, readRun, requireKind, requireState, WATCH_POLL_MS } from './run-views.ts';
import { createWake, type RunWake } from './wake.ts';

export interface RegistryDeps {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly sagaOf: (header: RunHeader) => Saga;
  readonly drive: Omit<DrivePorts, 'onAppend' | 'store' | 'clock'>;
  /** Of the pinned declaration, relocated. */
  readonly sitesOf: (request: RunRequest) => Promise<Pick<RunHeader, 'sites'>>;
  readonly listDeployments: () => Promise<readonly string[]>;
  readonly listenProgress: (
    runId: string,
    onProgress: (progress: Progress) => void,
  ) => Promise<AsyncDisposable>;
  /** After the last entry: the trace, the event. Its failure is logged, never the run's. */
  readonly onFinished: (state: RunState, entries: readonly JournalEntry[]) => Promise<void>;
}

/** Runs restart their loop after a transient store error; long enough not to hammer it. */
const RETRY_MS = 2000;
const RETRY_SLOW_MS = 30_000;

/**
 * Opens runs, drives those this process owns, and reads any. All truth is in the store: the registry only holds what
 * wakes the loops up.
 */
export class RunRegistry implements Runs, AsyncDisposable {
  readonly #deps: RegistryDeps;
  readonly #active = new Map<string, { wake: RunWake; done: Promise<void> }>();
  readonly #opening = new Map<string, Promise<RunState>>();
  readonly #stopping = new AbortController();

  constructor(deps: RegistryDeps) {
    this.#deps = deps;
  }

  async open(request: RunRequest): Promise<RunState> {
    const runId = runIdOf({ kind: request.origin, deployment: request.deployment, key: request.key });
    // The same request at the same moment waits for the first, and gets its answer.
    const opening =
      this.#opening.get(runId) ??
      this.#open(runId, request).finally(() => {
        this.#opening.delete(runId);
      });
    this.#opening.set(runId, opening);
    return requireKind(await opening, request.kind);
  }

  async #open(runId: string, request: RunRequest): Promise<RunState> {
    const journal = runJournal(this.#deps.store, runId);
    await journal.refresh();
    if (journal.entries.length === 0) await this.#begin(journal, runId, request);
    const state = requireState(journal, runId);
    // Owned already: the same request came before, and gets the same answer.
    if (state.epoch > 0 || isFinished(state)) return state;
    const epoch = await this.#openInLog(state.header);
    try {
      return await this.#own(journal, state, epoch);
    } catch (error) {
      if (HoldfastError.from(error).code !== 'OBJECT_EXISTS') throw error;
      return await this.#yield(journal, runId);
    }
  }

  /**
   * Runs of the adopted deployments that were open when the last process ended: taken over by a new epoch, and driven
   * on. One that cannot be read is said and left, for it must not keep the others waiting.
   */
  async recover(adopts: (deployment: string) => boolean): Promise<number> {
    let recovered = 0;
    for (const deployment of (await this.#deps.listDeployments()).filter(adopts)) {
      const log = deploymentLog(this.#deps.store, deployment);
      for (const { runId } of openRuns(await log.refresh())) {
        if (this.#active.has(runId)) continue;
        try {
          await this.#adopt(log, runId);
          recovered += 1;
        } catch (thrown) {
          this.#deps.log.error(EVENTS.runNotRecovered, {
            run_id: runId,
            deployment_id: deployment,
            err: thrown,
          });
        }
      }
    }
    return recovered;
  }

  async #adopt(log: Chain<LogEvent>, runId: string): Promise<void> {
    const journal = runJournal(this.#deps.store, runId);
    await journal.refresh();
    const state = requireState(journal, runId);
    const entry = await appendDecided(log, () => ({ kind: 'taken-over', runId }), this.#deps.clock);
    await this.#own(journal, state, entry.n);
  }

  read(runId: string): Promise<RunState> {
    return readRun(this.#deps.store, runId);
  }

  async ids(deployment?: string): Promise<readonly string[]> {
    return listRunIds(
      this.#deps.store,
      deployment === undefined ? await this.#deps.listDeployments() : [deployment],
    );
  }

  async *watch(
    runId: string,
    afterSequence: number,
    signal: AbortSignal,
  ): AsyncIterable<JournalEntry | Progress> {
    const { store, clock, listenProgress } = this.#deps;
    const wakeOf = () => this.#active.get(runId)?.wake ?? createWake(clock, WATCH_POLL_MS);
    const news: Progress[] = [];
    await using _ = await listenProgress(runId, (progress) => news.push(progress));
    const pause = () => wakeOf().watch(WATCH_POLL_MS, signal);
    for await (const entry of followRun({ store, runId, afterSequence, signal, pause })) {
      if (entry !== undefined) yield entry;
      yield* news.splice(0);
    }
  }

  async cancel(runId: string, principal: string): Promise<RunState> {
    const state = await this.read(runId);
    this.#active.get(runId)?.wake.cancel(principal);
    return state;
  }

  /** A worker said that a result is there. */
  notify(runId: string): void {
    this.#active.get(runId)?.wake.notify();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort(
      new HoldfastError('CANCELLED', { reason: 'coordinator stops; the run goes on when it is back' }),
    );
    await Promise.all([...this.#active.values()].map(({ done }) => done));
  }

  /** Creating the first entry is what makes the same request one run. */
  async #begin(journal: Chain<JournalEvent>, runId: string, request: RunRequest): Promise<void> {
    const { kind, deployment, specVersion, principal, parameters, relocationJson = '' } = request;
    const openedAt = isoTime(this.#deps.clock);
    const asked = { kind, deployment, specVersion, principal, openedAt, parameters, relocationJson };
    const header: RunHeader = { runId, ...asked, ...(await this.#deps.sitesOf(request)) };
    try {
      await journal.append({ kind: 'started', header }, openedAt);
    } catch (error) {
      if (HoldfastError.from(error).code !== 'OBJECT_EXISTS') throw error;
      await journal.refresh();
    }
  }

  /** The lock: an exclusive run needs the deployment alone. Returns the epoch. */
  async #openInLog(header: RunHeader): Promise<number> {
    const { runId, kind, deployment, principal } = header;
    const saga = this.#deps.sagaOf(header);
    const decide = (entries: readonly LogEntry[]): LogEvent => {
      const others = openRuns(entries).filter((run) => run.runId !== runId);
      const holder = others.find((run) => run.exclusive || saga.exclusive);
      if (holder !== undefined)
        throw new HoldfastError('RUN_IN_PROGRESS', { deployment, run: holder.runId, kind: holder.runKind });
      return { kind: 'opened', runId, runKind: kind, exclusive: saga.exclusive, principal };
    };
    return (await appendDecided(deploymentLog(this.#deps.store, deployment), decide, this.#deps.clock)).n;
  }

  async #own(journal: Chain<JournalEvent>, state: RunState, epoch: number): Promise<RunState> {
    const { runId } = state.header;
    if (!isFinished(state)) await journal.append({ kind: 'owned', epoch }, isoTime(this.#deps.clock));
    const wake = createWake(this.#deps.clock);
    const done = this.#drive(journal, wake, state.header).finally(() => this.#active.delete(runId));
    this.#active.set(runId, { wake, done });
    return requireState(journal, runId);
  }

  /** Another coordinator opened the same run first and drives it; our entry in the log must not keep it open. */
  async #yield(journal: Chain<JournalEvent>, runId: string): Promise<RunState> {
    await journal.refresh();
    const state = requireState(journal, runId);
    if (isFinished(state)) await this.#close(state);
    return state;
  }

  /** Ends when the run is finished, is another coordinator's, or this process stops; nothing else gives a run up. */
  async #drive(journal: Chain<JournalEvent>, wake: RunWake, header: RunHeader): Promise<void> {
    const log = this.#deps.log.child({ run_id: header.runId, deployment_id: header.deployment });
    const { store, clock, drive, listenProgress } = this.#deps;
    const ports: DrivePorts = { ...drive, store, clock, onAppend: () => wake.announce() };
    for (;;) {
      try {
        await using _ = await listenProgress(header.runId, () => wake.hear());
        await journal.refresh();
        const state = await driveRun(this.#deps.sagaOf(header), journal, wake, ports, this.#stopping.signal);
        await this.#close(state);
        log.info(EVENTS.runFinished, { outcome: state.status });
        return await this.#announceEnd(state, journal, log);
      } catch (thrown) {
        if (this.#stopping.signal.aborted) return;
        const error = HoldfastError.from(thrown);
        if (error.code === 'OBJECT_EXISTS') return log.warn(EVENTS.runTakenOver, {});
        log.error(EVENTS.runInterrupted, { err: error });
        if (error.code === 'JOURNAL_BROKEN') return;
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

  async #close(state: RunState): Promise<void> {
    const { runId, deployment } = state.header;
    const log = deploymentLog(this.#deps.store, deployment);
    if (!openRuns(await log.refresh()).some((run) => run.runId === runId)) return;
    await appendDecided(log, () => ({ kind: 'closed', runId, outcome: state.status }), this.#deps.clock);
  }
}
