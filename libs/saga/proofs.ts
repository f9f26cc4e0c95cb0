import assert from 'node:assert/strict';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Json } from '#libs/kernel/json.ts';
import { resultName, type StepCommand, type StepResult } from '#libs/contracts/step.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { writeCancel, type CancelChoice } from './cancel.ts';
import { undoName, type Saga } from './define.ts';
import { driveRun, type DrivePorts } from './drive.ts';
import type { RunState } from './fold.ts';
import { runJournal, type RunHeader } from './journal.ts';

/** Answers of a saga's steps in a proof: by step name (undo steps answer `{}`). */
export type Answers = (step: string, attempt: number) => Json;

export interface Proving {
  readonly saga: Saga;
  readonly header: RunHeader;
  readonly answers: Answers;
  readonly newStore: () => ObjectStore;
}

/** A coordinator process that ends at once. */
class Stopped extends Error {}

/** Every command delivered twice: the run completes, and no attempt is journalled twice. */
export async function proveRepeats(proving: Proving): Promise<RunState> {
  const world = await openWorld(proving, { deliveries: 2 });
  const state = await world.drive();
  const completed = world.entries().filter((entry) => entry.event.kind === 'step-completed');
  const attempts = completed.map(({ event }) => ('attempt' in event ? `${event.step}.${event.attempt}` : ''));
  assert.deepEqual(attempts.toSorted(), [...new Set(attempts)].toSorted(), 'an attempt was journalled twice');
  return state;
}

/** A failure at each step in turn: the run ends, and what was scheduled is undone in reverse order. Returns the outcomes. */
export async function proveUnwinds(proving: Proving): Promise<Readonly<Record<string, string>>> {
  const outcomes: Record<string, string> = {};
  for (const step of proving.saga.steps) {
    const world = await openWorld(proving, { failAt: step.name });
    const state = await world.drive();
    const scheduled = proving.saga.steps.filter(
      (other) => state.steps[other.name] !== undefined && other.undo !== undefined,
    );
    const undone = world.scheduled().filter((name) => name.startsWith('undo.'));
    assert.deepEqual(
      undone,
      scheduled.toReversed().map((other) => undoName(other.name)),
      `failure at ${step.name} was not taken back`,
    );
    outcomes[step.name] = state.status;
  }
  return outcomes;
}

/** The coordinator stopped after each journal entry in turn, and another going on: always the same end. Returns the stops. */
export async function proveResumes(proving: Proving): Promise<number> {
  const whole = await (await openWorld(proving, {})).drive();
  for (let stops = 1; ; stops += 1) {
    const world = await openWorld(proving, { stopAfter: stops });
    const first = await world
      .drive()
      .catch((error: unknown) => (error instanceof Stopped ? undefined : Promise.reject(error)));
    if (first !== undefined) return stops - 1;
    const second = await world.drive();
    assert.equal(second.status, whole.status, `stopped after entry ${stops}`);
    assert.deepEqual(Object.keys(second.steps).toSorted(), Object.keys(whole.steps).toSorted());
  }
}

/**
 * Cancelled after each journal entry in turn: `back` ends the run as cancelled and takes back all that was scheduled,
 * until the last step has begun; `forward` does so only before the switch, and changes nothing after it. Returns how
 * many cancels were followed, and how many came too late.
 */
export async function proveCancels(
  proving: Proving,
  choice: CancelChoice,
): Promise<{ readonly followed: number; readonly late: number }> {
  const { saga } = proving;
  const whole = await (await openWorld(proving, {})).drive();
  const count = { followed: 0, late: 0 };
  for (let entries = 1; ; entries += 1) {
    const world = await openWorld(proving, { cancelAfter: entries, choice });
    const state = await world.drive();
    if (!world.cancelled()) return count;
    const scheduled = world.scheduled();
    const undone = scheduled.filter((name) => name.startsWith('undo.'));
    if (state.status === 'cancelled') {
      count.followed += 1;
      assert.ok(
        !scheduled.includes(saga.steps.at(-1)!.name),
        `after entry ${entries}: what has no way back had begun`,
      );
      const expected = saga.steps.filter(({ name, undo }) => scheduled.includes(name) && undo !== undefined);
      assert.deepEqual(
        undone,
        expected.toReversed().map(({ name }) => undoName(name)),
        `after entry ${entries}`,
      );
      const pivoted = saga.steps.some(({ name, pivot }) => pivot === true && scheduled.includes(name));
      assert.ok(
        choice === 'back' || !pivoted,
        `after entry ${entries}: a switch that was to go on was taken back`,
      );
    } else {
      count.late += 1;
      assert.deepEqual([state.status, undone], [whole.status, []], `after entry ${entries}`);
    }
  }
}

interface Disturbance {
  readonly deliveries?: number;
  readonly cancelAfter?: number;
  readonly choice?: CancelChoice;
  readonly failAt?: string;
  readonly stopAfter?: number;
}

async function openWorld({ saga, header, answers, newStore }: Proving, disturbance: Disturbance) {
  const store = newStore();
  const first = runJournal(store, header.runId);
  await first.append({ kind: 'started', header }, header.openedAt);
  await first.append({ kind: 'owned', epoch: 1, by: 'proof' }, header.openedAt);
  let appended = 0;
  let cancelled = false;
  let cancelling = Promise.resolve();
  let latest = first;
  const answer = (step: string, attempt: number): Json => {
    if (step === disturbance.failAt) throw new HoldfastError('STEP_FAILED', { step });
    return answers(step, attempt);
  };
  const work = async (command: StepCommand) => {
    for (let n = 0; n < (disturbance.deliveries ?? 1); n += 1) await deliver(store, saga, command, answer);
  };
  const ports: DrivePorts = {
    store,
    clock: { now: () => Date.parse(header.openedAt) },
    send: work,
    sendCancel: () => Promise.resolve(),
    runLocal: (_name, _header, _outcomes) => Promise.reject(new Error('replaced per step')),
    site: 'local',
    epoch: 1,
    onAppend: () => {
      appended += 1;
      if (appended === disturbance.cancelAfter) {
        cancelled = true;
        const cancel = { choice: disturbance.choice ?? 'back', principal: 'proof' };
        cancelling = writeCancel(store, header.runId, cancel);
      }
      if (appended === disturbance.stopAfter) throw new Stopped();
    },
  };
  return {
    entries: () => latest.entries,
    cancelled: () => cancelled,
    scheduled: () =>
      latest.entries.flatMap(({ event }) => (event.kind === 'step-scheduled' ? [event.step] : [])),
    async drive(): Promise<RunState> {
      latest = runJournal(store, header.runId);
      await latest.refresh();
      const runLocal: DrivePorts['runLocal'] = (name) =>
        Promise.resolve().then(() => answer(localStep(saga, name), 1));
      const wake = { wait: () => cancelling, silentMs: () => 0, hear: () => {} };
      return driveRun(saga, latest, wake, { ...ports, runLocal }, new AbortController().signal);
    },
  };
}

function localStep(saga: Saga, local: string): string {
  return saga.steps.find((step) => 'local' in step.work && step.work.local === local)!.name;
}

/** A worker: its early results first, then its own; whoever is second finds the first. */
async function deliver(store: ObjectStore, saga: Saga, command: StepCommand, answer: Answers): Promise<void> {
  const { runId, attempt } = command;
  const early = saga.steps.filter((step) => 'early' in step.work && step.work.early === command.step);
  for (const step of [...early.map(({ name }) => name), command.step]) {
    const result = resultOf({ runId, step, attempt }, command.step.startsWith('undo.') ? () => ({}) : answer);
    await store
      .put(resultName(result), Buffer.from(JSON.stringify(result)), { createOnly: true })
      .catch((error: unknown) => {
        if (HoldfastError.from(error).code !== 'OBJECT_EXISTS') throw error;
      });
  }
}

function resultOf(where: { runId: string; step: string; attempt: number }, answer: Answers): StepResult {
  const common = { ...where, epoch: 1, service: 'worker', startedAt: '', endedAt: '', phases: [] };
  try {
    return { ...common, ok: true, outcome: answer(where.step, where.attempt) };
  } catch (error) {
    return { ...common, ok: false, error: HoldfastError.from(error).toRecord() };
  }
}
