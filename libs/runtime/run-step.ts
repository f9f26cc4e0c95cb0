import { hostname } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import type { Bus } from '#libs/bus/port.ts';
import type { Token } from '#libs/contracts/stage.ts';
import type { Phase, StepCommand, StepResult } from '#libs/contracts/step.ts';
import { subjects } from '#libs/contracts/subjects.ts';
import { isoTime, type Clock } from '#libs/kernel/clock.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Json } from '#libs/kernel/json.ts';
import { isAwaited } from '#libs/saga/awaited.ts';
import { claimWork, isTakenOver } from '#libs/saga/claims.ts';
import { findResult } from '#libs/saga/find-result.ts';
import { runJournal } from '#libs/saga/journal.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { Log } from '#libs/telemetry/log.ts';
import { EVENTS } from '#libs/telemetry/names.ts';
import type { ServiceContract, StepContext } from './contract.ts';
import { readSpec } from './spec-store.ts';
import { publishResult, storeResult } from './step-records.ts';

export interface StepDeps {
  readonly store: ObjectStore;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  /** Shutdown, or the command was given to another worker: the step is left unfinished and without a result. */
  readonly signal: AbortSignal;
  /** Sign of life of the delivery. */
  readonly alive: () => void;
}

/** Twice a second is what a progress bar shows. */
const PROGRESS_INTERVAL_MS = 500;

/**
 * Runs one command to its stored result, once: a result that is there already is told again and nothing is done.
 * Resolves when the result is durable and its event is published, whatever the result is; throws only when there is
 * none (shutdown, store or bus away), and the command comes again. Undefined when the journal no longer waits for it, or
 * when another worker has taken over: whoever is late must not act on what a newer one left, nor speak for it.
 */
export async function executeStep<Ports>(
  contract: ServiceContract<Ports>,
  ports: Ports,
  command: StepCommand,
  deps: StepDeps,
): Promise<StepResult | undefined> {
  const log = deps.log.child({
    run_id: command.runId,
    deployment_id: command.deployment,
    step: command.step,
    attempt: command.attempt,
  });
  const known = await findResult(deps.store, command);
  if (known !== undefined) {
    log.info(EVENTS.stepKnown);
    await publishResult(deps.bus, command, known);
    return known;
  }
  const { store } = deps;
  const journal = runJournal(store, command.runId);
  if (!isAwaited(await journal.refresh(), command)) {
    log.warn(EVENTS.stepUnwanted);
    return undefined;
  }
  const token = await claimWork(store, command, `${hostname()}/${process.pid}`);
  const isOurs = async (): Promise<boolean> => {
    if ((await findResult(store, command)) !== undefined) return false;
    const entries = await journal.refresh();
    // Its claim is good for a coordinator that took the run over as well: who got that one's command claims later, or
    // is this very process, where it joins what is in hand.
    const underAnyEpoch = { ...command, epoch: Infinity };
    return isAwaited(entries, underAnyEpoch) && !(await isTakenOver(store, token, command, entries));
  };
  // Once more: the run may have gone on before the claim was there for others to see.
  const made = (await isOurs())
    ? await work(contract, ports, command, { ...deps, log, token, isOurs })
    : undefined;
  if (made === undefined || !(await isOurs())) {
    log.warn(EVENTS.stepTakenOver);
    return undefined;
  }
  const result = await storeResult(store, made);
  await publishResult(deps.bus, command, result);
  return result;
}

interface WorkDeps extends StepDeps {
  readonly token: Token;
  readonly isOurs: () => Promise<boolean>;
}

async function work<Ports>(
  contract: ServiceContract<Ports>,
  ports: Ports,
  command: StepCommand,
  deps: WorkDeps,
): Promise<StepResult> {
  const cancel = new AbortController();
  await using _listening = await deps.bus.listen(subjects.cancel(command.runId), () =>
    cancel.abort(new HoldfastError('CANCELLED', { runId: command.runId })),
  );
  const signal = AbortSignal.any([deps.signal, cancel.signal]);
  const phases: Phase[] = [];
  const startedAt = isoTime(deps.clock);
  const result = (end: { ok: true; outcome: Json } | { ok: false; error: HoldfastError }): StepResult => {
    const { runId, step, attempt, epoch, service } = command;
    const base = { runId, step, attempt, epoch, service, startedAt, endedAt: isoTime(deps.clock), phases };
    return end.ok ? { ...base, ...end } : { ...base, ok: false, error: end.error.toRecord() };
  };
  deps.log.info(EVENTS.stepStarted, { verb: command.verb });
  try {
    const outcome = await runHandler(contract, ports, command, { ...deps, signal }, phases);
    deps.log.info(EVENTS.stepCompleted, { duration_ms: deps.clock.now() - Date.parse(startedAt) });
    return result({ ok: true, outcome });
  } catch (thrown) {
    if (deps.signal.aborted)
      throw new HoldfastError('CANCELLED', { reason: 'left unfinished' }, { cause: thrown });
    const error = cancel.signal.aborted
      ? new HoldfastError('CANCELLED', { runId: command.runId }, { cause: thrown })
      : HoldfastError.from(thrown);
    deps.log.error(EVENTS.stepFailed, { err: error });
    return result({ ok: false, error });
  }
}

async function runHandler<Ports>(
  contract: ServiceContract<Ports>,
  ports: Ports,
  command: StepCommand,
  deps: WorkDeps,
  phases: Phase[],
): Promise<Json> {
  const handler = contract.consumes[command.verb];
  if (handler === undefined)
    throw new HoldfastError('MESSAGE_MALFORMED', {
      verb: command.verb,
      reason: `${contract.service} has no such verb`,
    });
  const request = parseRequest(command);
  const spec = await readSpec(deps.store, command, { signal: deps.signal });
  const context: StepContext = {
    command,
    token: deps.token,
    async requireLatest() {
      if (!(await deps.isOurs()))
        throw new HoldfastError('STAGE_GONE', {
          step: command.step,
          reason: 'another worker has taken over',
        });
    },
    spec,
    signal: deps.signal,
    log: deps.log,
    progress: throttledProgress(command, deps),
    phase: (name, timed) => timePhase(name, timed, phases, deps),
    publishEarly: (step, outcome) => publishEarly(command, deps, { step, outcome }),
  };
  deps.signal.throwIfAborted();
  return await handler(request, context, ports);
}

function parseRequest(command: StepCommand): Json {
  try {
    return JSON.parse(command.requestJson) as Json;
  } catch (cause) {
    throw new HoldfastError(
      'MESSAGE_MALFORMED',
      { verb: command.verb, reason: 'requestJson is not JSON' },
      { cause },
    );
  }
}

function throttledProgress(command: StepCommand, { bus, clock, alive }: StepDeps): StepContext['progress'] {
  let lastMs = 0;
  return ({ bytes, bytesTotal = 0, activity, rows = 0 }) => {
    alive();
    if (clock.now() - lastMs < PROGRESS_INTERVAL_MS) return;
    lastMs = clock.now();
    const { runId, step, deployment, service, site } = command;
    bus.emit({
      subject: subjects.progress(runId),
      type: 'holdfast.step.v1.StepProgress',
      source: `holdfast/${service}/${site}`,
      deployment,
      data: { runId, step, bytes, bytesTotal, activity, rows },
    });
  };
}

async function timePhase<T>(
  name: string,
  timed: () => Promise<T>,
  phases: Phase[],
  { clock, alive }: StepDeps,
): Promise<T> {
  const startedAt = isoTime(clock);
  alive();
  try {
    return await timed();
  } finally {
    phases.push({ name, startedAt, endedAt: isoTime(clock) });
    alive();
  }
}

/**
 * A result of its own that a step publishes before it ends. An earlier worker of this attempt may have published
 * another outcome before it died, and others already work on it: then this attempt cannot succeed any more, and a new
 * one is asked for.
 */
async function publishEarly(
  command: StepCommand,
  { store, bus, clock }: StepDeps,
  early: { readonly step: string; readonly outcome: Json },
): Promise<void> {
  const { runId, attempt, epoch, service } = command;
  const { step, outcome } = early;
  const at = isoTime(clock);
  const base = { runId, step, attempt, epoch, service, startedAt: at, endedAt: at, phases: [] };
  const stored = await storeResult(store, { ...base, ok: true, outcome });
  if (!stored.ok || !isDeepStrictEqual(stored.outcome, outcome)) {
    throw new HoldfastError(
      'WORKER_SILENT',
      { step, attempt },
      { message: `an earlier worker of attempt ${attempt} published another ${step} and stopped` },
    );
  }
  await publishResult(bus, command, stored);
}
