import { setTimeout as sleep } from 'node:timers/promises';
import { isoTime, type Clock } from '#libs/kernel/clock.ts';
import type { ErrorCode } from '#libs/kernel/catalogue.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { isFinished, type RunState } from '#libs/saga/fold.ts';
import { runJournal } from '#libs/saga/journal.ts';
import { openRuns, type LogEntry } from '#libs/saga/log.ts';
import type { Logs } from '#libs/saga/logs.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { Log } from '#libs/telemetry/log.ts';
import { EVENTS } from '#libs/telemetry/names.ts';
import { admissionOrder, type WaitingRun } from '../domain/admission.ts';
import { pauseMs, type Beats } from './beats.ts';
import { listOpenRuns, removeOpenRun, writeOpenRun, type OpenRunName } from './open-runs.ts';
import type { RunDriver } from './run-driver.ts';
import { requireState } from './run-views.ts';

export interface CaretakerDeps {
  readonly store: ObjectStore;
  readonly logs: Logs;
  readonly clock: Clock;
  readonly log: Log;
  readonly driver: RunDriver;
  readonly beats: Beats;
  readonly instance: string;
  readonly takeoverMs: number;
  /** Whose runs are driven here. */
  readonly adopts: (deployment: string) => boolean;
}

/** Runs of one coordinator under way at once: each holds its journal in memory, and workers take two at a time. */
export const RUNS_DRIVEN_MAX = 32;

const UNREADABLE: ReadonlySet<ErrorCode> = new Set(['JOURNAL_BROKEN', 'RUN_NOT_FOUND']);

/** An open run that this process does not drive. */
interface Known extends WaitingRun {
  /** Of the `opened` entry, when it was written here. */
  readonly openedEpoch: number | undefined;
  /** '' while nobody owns it. */
  readonly owner: string;
}

/**
 * Sees to it that every open run has a coordinator: runs that wait are begun when there is room, in fair order, and
 * those of a coordinator that fell silent are taken over. It looks at once and then every quarter of the takeover time;
 * any number of coordinators may do so, for the run's journal lets one of them win.
 */
export class Caretaker implements AsyncDisposable {
  readonly #deps: CaretakerDeps;
  readonly #known = new Map<string, Known>();
  /** Said once, and left for people. */
  readonly #unreadable = new Set<string>();
  readonly #lastTurn = new Map<string, number>();
  readonly #stopping = new AbortController();
  #turn = 0;
  #work: Promise<unknown> = Promise.resolve();
  #looking: Promise<void> = Promise.resolve();

  constructor(deps: CaretakerDeps) {
    this.#deps = deps;
  }

  /** Resolves after the first look: runs of the process that had our name before are under way again. */
  async start(): Promise<void> {
    await this.#oneAfterTheOther(() => this.#look());
    this.#looking = this.#lookOn();
  }

  /** The run is in the log, by entry `epoch` of ours or by somebody's. Begins it when there is room and it is its turn. */
  async expect(run: WaitingRun, epoch: number | undefined): Promise<void> {
    await writeOpenRun(this.#deps.store, run);
    if (!this.#known.has(run.runId)) this.#known.set(run.runId, { ...run, openedEpoch: epoch, owner: '' });
    await this.#oneAfterTheOther(() => this.#admit());
  }

  /** There may be room. */
  ring(): void {
    this.#oneAfterTheOther(() => this.#admit()).catch((thrown: unknown) => this.#complain(thrown));
  }

  /** Runs that the log has open and that are not listed: their opener was stopped between the two. */
  async reconcile(deployment: string, entries: readonly LogEntry[]): Promise<void> {
    for (const { runId } of openRuns(entries))
      if (!this.#known.has(runId) && !this.#deps.driver.has(runId))
        await writeOpenRun(this.#deps.store, { deployment, runId });
  }

  /** Place of a run among those that wait, from 1, and how many wait; undefined for one that does not. */
  placeOf(runId: string): { readonly place: number; readonly of: number } | undefined {
    const waiting = this.#waiting();
    const at = waiting.findIndex((run) => run.runId === runId);
    return at < 0 ? undefined : { place: at + 1, of: waiting.length };
  }

  /** Closed in the log, then taken off the list of open ones; may run twice. */
  async close({ header: { runId, deployment }, status }: RunState): Promise<void> {
    await this.#deps.logs.append(deployment, (entries) =>
      openRuns(entries).some((run) => run.runId === runId)
        ? { kind: 'closed', runId, outcome: status }
        : undefined,
    );
    await this.#forget({ deployment, runId });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort(new HoldfastError('CANCELLED', { reason: 'coordinator stops' }));
    await Promise.allSettled([this.#looking, this.#work]);
  }

  async #lookOn(): Promise<void> {
    const signal = this.#stopping.signal;
    for (;;) {
      await sleep(pauseMs(this.#deps.takeoverMs), undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      await this.#oneAfterTheOther(() => this.#look()).catch((thrown: unknown) => this.#complain(thrown));
    }
  }

  async #look(): Promise<void> {
    const { store, driver, beats, adopts } = this.#deps;
    const signal = this.#stopping.signal;
    const open = (await listOpenRuns(store, signal)).filter(
      ({ deployment, runId }) => adopts(deployment) && !this.#unreadable.has(runId),
    );
    const names = new Set(open.map(({ runId }) => runId));
    for (const runId of this.#known.keys()) if (!names.has(runId)) this.#known.delete(runId);
    for (const run of open)
      if (!driver.has(run.runId) && !this.#known.has(run.runId))
        await this.#tolerantly(run, () => this.#meet(run));
    const owned = [...this.#known.values()].filter(({ owner }) => owner !== '');
    if (owned.length > 0) await beats.look(signal);
    for (const run of owned)
      if (beats.isSilent(run.owner)) await this.#tolerantly(run, () => this.#adopt(run));
    await this.#admit();
  }

  /** As its journal tells of it. One that is finished only lacks its end in the log. */
  async #meet({ runId, deployment }: OpenRunName): Promise<void> {
    const journal = runJournal(this.#deps.store, runId);
    await journal.refresh();
    const state = requireState(journal, runId);
    const { openedAt } = state.header;
    if (isFinished(state)) await this.close(state);
    else this.#known.set(runId, { runId, deployment, openedAt, openedEpoch: undefined, owner: state.owner });
  }

  async #admit(): Promise<void> {
    for (const run of this.#waiting()) {
      if (this.#deps.driver.size >= RUNS_DRIVEN_MAX || this.#stopping.signal.aborted) return;
      await this.#tolerantly(run, () => this.#adopt(run));
    }
  }

  #waiting(): readonly Known[] {
    const waiting = [...this.#known.values()].filter(({ owner }) => owner === '');
    const served = { lastTurn: this.#lastTurn, running: this.#deps.driver.running() };
    return admissionOrder(waiting, served) as readonly Known[];
  }

  /** Makes the run ours, unless it changed hands or came to its end since we looked: then the next look knows. */
  async #adopt(run: Known): Promise<void> {
    const { store, clock, log, driver, beats, instance } = this.#deps;
    const { runId, deployment } = run;
    const journal = runJournal(store, runId);
    await journal.refresh();
    const state = requireState(journal, runId);
    this.#known.delete(runId);
    if (isFinished(state)) return await this.close(state);
    if (state.owner !== run.owner) return await this.#meet(run);
    const epoch = run.openedEpoch ?? (await this.#takeOver(run));
    if (epoch === undefined) return await this.#forget(run);
    try {
      await journal.append({ kind: 'owned', epoch, by: instance }, isoTime(clock));
    } catch (thrown) {
      if (HoldfastError.from(thrown).code !== 'OBJECT_EXISTS') throw thrown;
      return await this.#meet(run);
    }
    log.info(EVENTS.runAdopted, { run_id: runId, deployment_id: deployment, epoch, owner: run.owner });
    this.#turn += 1;
    this.#lastTurn.set(deployment, this.#turn);
    driver.begin(journal, state.header, epoch);
    beats.beatWhile(() => driver.size > 0);
  }

  /** Undefined when the log has the run closed. */
  async #takeOver({ deployment, runId }: OpenRunName): Promise<number | undefined> {
    const entry = await this.#deps.logs.append(deployment, (entries) =>
      openRuns(entries).some((open) => open.runId === runId) ? { kind: 'taken-over', runId } : undefined,
    );
    return entry?.n;
  }

  async #forget(run: OpenRunName): Promise<void> {
    this.#known.delete(run.runId);
    await removeOpenRun(this.#deps.store, run);
  }

  /** A run that cannot be read is said, and must not keep the others waiting. */
  async #tolerantly(run: OpenRunName, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      if (this.#stopping.signal.aborted) return;
      const error = HoldfastError.from(thrown);
      if (UNREADABLE.has(error.code)) this.#unreadable.add(run.runId);
      const facts = { run_id: run.runId, deployment_id: run.deployment };
      this.#deps.log.error(EVENTS.runNotRecovered, { ...facts, err: error });
    }
  }

  #oneAfterTheOther<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#work.catch(() => {}).then(work);
    this.#work = turn;
    return turn;
  }

  #complain(thrown: unknown): void {
    if (!this.#stopping.signal.aborted)
      this.#deps.log.warn(EVENTS.lookFailed, { err: HoldfastError.from(thrown) });
  }
}
