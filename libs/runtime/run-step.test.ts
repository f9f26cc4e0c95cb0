import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Bus } from '#libs/bus/port.ts';
import { resultName, type StepCommand } from '#libs/contracts/step.ts';
import { systemClock } from '#libs/kernel/clock.ts';
import { runJournal } from '#libs/saga/journal.ts';
import { memoryStore } from '#libs/store/memory.ts';
import { silentLog } from '#libs/telemetry/log.ts';
import { executeStep } from './run-step.ts';
import { writeSpec } from './spec-store.ts';

const COMMAND: StepCommand = {
  runId: '0123456789abcdef0123456789abcdef',
  deployment: 'records',
  specVersion: 1,
  relocationJson: '',
  service: 'file-snapshot',
  site: 'local',
  step: 'stage.files',
  attempt: 1,
  epoch: 1,
  verb: 'StageRestore',
  requestJson: '{}',
  principal: 'operator',
};

/** One command while the journal waits for this attempt of its step; what was told notes whether it was stored. */
async function execute(awaitedAttempt: number) {
  const store = memoryStore();
  await writeSpec(store, 'records', 'deployment: records\ndatabase: { url: { env: RECORDS_URL } }\n');
  const { runId, step } = COMMAND;
  await runJournal(store, runId).append({ kind: 'step-scheduled', step, attempt: awaitedAttempt }, 'now');
  const storedWhenTold: boolean[] = [];
  const bus = {
    listen: async () => ({ [Symbol.asyncDispose]: async () => {} }),
    async publish() {
      storedWhenTold.push((await store.head(resultName(COMMAND))) !== undefined);
      return { duplicate: false };
    },
  } as unknown as Bus;
  let done = 0;
  const act = async () => {
    done += 1;
    return {};
  };
  const result = await executeStep(
    { service: 'file-snapshot', consumes: { StageRestore: act }, serves: {}, publishes: [] },
    null,
    COMMAND,
    { store, bus, clock: systemClock, log: silentLog, signal: new AbortController().signal, alive: () => {} },
  );
  return { result, done, storedWhenTold };
}

test('a result is told when it lies in the store, and not before', async () => {
  const { result, done, storedWhenTold } = await execute(1);
  assert.equal(result?.ok, true);
  assert.equal(done, 1);
  assert.deepEqual(storedWhenTold, [true]);
});

test('an attempt that the journal no longer waits for does nothing and has no result', async () => {
  assert.deepEqual(await execute(2), { result: undefined, done: 0, storedWhenTold: [] });
});
