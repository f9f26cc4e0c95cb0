import { isoTime, type Clock } from '#libs/kernel/clock.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { runIdOf } from '#libs/kernel/ids.ts';
import { writeCancel, type Cancel } from '#libs/saga/cancel.ts';
import type { Chain } from '#libs/saga/chain.ts';
import { isClaimed } from '#libs/saga/claims.ts';
import { storeTrouble } from '#libs/saga/decide.ts';
import type { Saga } from '#libs/saga/define.ts';
import { isFinished, type RunState } from '#libs/saga/fold.ts';
import { runJournal, type JournalEntry, type JournalEvent, type RunHeader } from '#libs/saga/journal.ts';
import { openRuns, type LogEntry } from '#libs/saga/log.ts';
import type { Logs } from '#libs/saga/logs.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { PageRequest, Progress, RunPage, RunRequest, Runs } from '../ports.ts';
import type { Caretaker } from './caretaker.ts';
import type { RunDriver } from './run-driver.ts';
import { pageOfRuns } from './run-pages.ts';
import { followRun, readRun, requireKind, requireState, WATCH_POLL_MS } from './run-views.ts';
import { createWake } from './wake.ts';

export interface RegistryDeps {
  readonly store: ObjectStore;
  readonly logs: Logs;
  readonly clock: Clock;
  readonly driver: RunDriver;
  readonly caretaker: Caretaker;
  readonly sagaOf: (header: RunHeader) => Saga;
  /** Of the pinned declaration, relocated. */
  readonly sitesOf: (request: RunRequest) => Promise<Pick<RunHeader, 'sites'>>;
  readonly listDeployments: () => Promise<readonly string[]>;
  readonly listenProgress: (
    runId: string,
    onProgress: (progress: Progress) => void,
  ) => Promise<AsyncDisposable>;
  /** Whichever coordinator drives the run looks at once; loss is harmless. */
  readonly tellNews: (runId: string, deployment: string) => void;
}

const OVERTAKEN = 'another run changed what this one was asked for: a state that is kept, or the backup';
const ASK_ANEW =
  'look at what there is now (holdfast doctor, holdfast backups list), and ask again with another --request-id, or none';

/** Opens runs once, and tells of any, whoever drives them. */
export class RunRegistry implements Runs {
  readonly #deps: RegistryDeps;
  readonly #opening = new Map<string, Promise<RunState>>();

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

  /** Creating the journal's first entry is what makes the same request one run; opening it in the log is the lock. */
  async #open(runId: string, request: RunRequest): Promise<RunState> {
    const { store, caretaker } = this.#deps;
    const journal = runJournal(store, runId);
    await journal.refresh();
    if (journal.entries.length === 0) await this.#begin(journal, runId, request);
    const state = requireState(journal, runId);
    // Owned already: the same request came before, and gets the same answer.
    if (state.epoch > 0 || isFinished(state)) return state;
    const { deployment, openedAt } = state.header;
    await caretaker.expect({ runId, deployment, openedAt }, await this.#openInLog(state.header));
    await journal.refresh();
    return requireState(journal, runId);
  }

  read(runId: string): Promise<RunState> {
    return readRun(this.#deps.store, runId);
  }

  async page({ deployment, ...page }: PageRequest & { readonly deployment: string }): Promise<RunPage> {
    const deployments = deployment === '' ? await this.#deps.listDeployments() : [deployment];
    return await pageOfRuns(this.#deps.logs, deployments, page);
  }

  async whyWaiting(state: RunState): Promise<string> {
    const { runId } = state.header;
    if (isFinished(state)) return '';
    if (state.status === 'queued') {
      const place = this.#deps.caretaker.placeOf(runId);
      return place === undefined ? 'for a coordinator' : `for its turn: ${place.place} of ${place.of}`;
    }
    const held = this.#deps.driver.heldBy(runId) ?? storeTrouble(state);
    return held === undefined ? await this.#whoIsMissing(state) : `on ${held.code}: ${held.message}`;
  }

  /** The service that has left an order lying for longer than it may. */
  async #whoIsMissing(state: RunState): Promise<string> {
    const { runId } = state.header;
    const now = this.#deps.clock.now();
    for (const { name, work, deadlines } of this.#deps.sagaOf(state.header).steps) {
      const current = state.steps[name];
      if (!('service' in work) || current?.state !== 'running') continue;
      if (now - Date.parse(current.since) < deadlines.queueMs) continue;
      if (!(await isClaimed(this.#deps.store, { runId, step: name, attempt: current.attempt })))
        return `for ${work.service}: nobody has begun ${name} since ${current.since}`;
    }
    return '';
  }

  async *watch(
    runId: string,
    afterSequence: number,
    signal: AbortSignal,
  ): AsyncIterable<JournalEntry | Progress> {
    const { store, driver, listenProgress } = this.#deps;
    const wakeOf = () => driver.wakeOf(runId) ?? createWake(WATCH_POLL_MS);
    const news: Progress[] = [];
    await using _ = await listenProgress(runId, (progress) => news.push(progress));
    const pause = () => wakeOf().watch(WATCH_POLL_MS, signal);
    for await (const entry of followRun({ store, runId, afterSequence, signal, pause })) {
      if (entry !== undefined) yield entry;
      yield* news.splice(0);
    }
  }

  async cancel(runId: string, cancel: Cancel): Promise<RunState> {
    const state = await this.read(runId);
    if (isFinished(state)) return state;
    await writeCancel(this.#deps.store, runId, cancel);
    this.#deps.tellNews(runId, state.header.deployment);
    this.notify(runId);
    return state;
  }

  reconcile(deployment: string, entries: readonly LogEntry[]): Promise<void> {
    return this.#deps.caretaker.reconcile(deployment, entries);
  }

  /** There may be a result, or a wish. */
  notify(runId: string): void {
    this.#deps.driver.wakeOf(runId)?.notify();
  }

  /** The worker of a step is at work. */
  hear(runId: string, step: string): void {
    this.#deps.driver.wakeOf(runId)?.hear(step);
  }

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

  /** An exclusive run needs the deployment alone. The entry's number is the epoch; undefined when it is open already. */
  async #openInLog(header: RunHeader): Promise<number | undefined> {
    const { runId, kind, deployment, principal } = header;
    const saga = this.#deps.sagaOf(header);
    const entry = await this.#deps.logs.append(deployment, (entries) => {
      const open = openRuns(entries);
      if (open.some((run) => run.runId === runId)) return undefined;
      const holder = open.find((run) => run.exclusive || saga.exclusive);
      if (holder !== undefined)
        throw new HoldfastError('RUN_IN_PROGRESS', { deployment, run: holder.runId, kind: holder.runKind });
      if (saga.stillHolds?.(entries) === false)
        throw new HoldfastError('PLAN_CHANGED', { deployment, remedy: ASK_ANEW }, { message: OVERTAKEN });
      return { kind: 'opened', runId, runKind: kind, exclusive: saga.exclusive, principal };
    });
    return entry?.n;
  }
}
