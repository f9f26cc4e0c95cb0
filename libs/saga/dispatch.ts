import { isoTime } from '#libs/kernel/clock.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { resultName, type StepCommand, type StepResult } from '#libs/contracts/step.ts';
import { putFirst } from '#libs/store/objects.ts';
import { undoName, type CommandWork, type Saga, type SagaStep } from './define.ts';
import type { DrivePorts } from './drive.ts';
import { outcomesOf, type RunState } from './fold.ts';

/** Gives the order for a step that the journal has scheduled; the same order may go out again. */
export async function dispatch(
  saga: Saga,
  state: RunState,
  name: string,
  ports: DrivePorts,
  signal: AbortSignal,
  again = false,
): Promise<void> {
  const work = workOf(saga, name);
  if ('early' in work) return;
  if ('local' in work) return runLocally(work.local, state, name, ports, signal);
  await ports.send(commandOf(work, state, name, ports), signal, again);
}

/** The step itself, or the one that it undoes. */
export function stepOf(saga: Saga, name: string): SagaStep {
  const step = saga.steps.find((each) => each.name === name || undoName(each.name) === name);
  if (step === undefined) throw new HoldfastError('JOURNAL_BROKEN', { reason: 'unknown step', step: name });
  return step;
}

function workOf(saga: Saga, name: string): SagaStep['work'] {
  const step = stepOf(saga, name);
  if (step.name === name) return step.work;
  if (step.undo === undefined)
    throw new HoldfastError('JOURNAL_BROKEN', { reason: 'nothing undoes this step', step: step.name });
  return step.undo.work;
}

function commandOf(work: CommandWork, state: RunState, step: string, ports: DrivePorts): StepCommand {
  const { header } = state;
  return {
    runId: header.runId,
    deployment: header.deployment,
    specVersion: header.specVersion,
    relocationJson: work.relocation?.(header, outcomesOf(state)) ?? header.relocationJson ?? '',
    service: work.service,
    site: work.site ?? ports.site,
    step,
    attempt: state.steps[step]!.attempt,
    epoch: state.epoch,
    verb: work.verb,
    requestJson: JSON.stringify(work.request(header, outcomesOf(state))),
    principal: header.principal,
  };
}

/** A local step leaves the same kind of result object as a worker's, so that a successor finds it. */
async function runLocally(
  local: string,
  state: RunState,
  step: string,
  ports: DrivePorts,
  signal: AbortSignal,
): Promise<void> {
  const { header } = state;
  const attempt = state.steps[step]!.attempt;
  const startedAt = isoTime(ports.clock);
  const verdict = await ports.runLocal(local, header, outcomesOf(state), signal).then(
    (outcome) => ({ ok: true as const, outcome }),
    (error: unknown) => ({ ok: false as const, error: HoldfastError.from(error).toRecord() }),
  );
  signal.throwIfAborted();
  const common = {
    runId: header.runId,
    step,
    attempt,
    epoch: state.epoch,
    service: 'restore-coordinator',
    startedAt,
    endedAt: isoTime(ports.clock),
    phases: [],
  };
  const result: StepResult = { ...common, ...verdict };
  await putFirst(ports.store, resultName(result), Buffer.from(JSON.stringify(result)), signal);
}
