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

test('a result is told when it lies in the store, and not before', async () => {
  const store = memoryStore();
  const runId = '0123456789abcdef0123456789abcdef';
  await writeSpec(store, 'records', 'deployment: records\ndatabase: { url: { env: RECORDS_URL } }\n');
  await runJournal(store, runId).append({ kind: 'step-scheduled', step: 'stage.files', attempt: 1 }, 'now');
  const command: StepCommand = {
    runId,
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
  const storedWhenTold: boolean[] = [];
  const bus = {
    listen: async () => ({ [Symbol.asyncDispose]: async () => {} }),
    async publish() {
      storedWhenTold.push((await store.head(resultName(command))) !== undefined);
      return { duplicate: false };
    },
  } as unknown as Bus;
  const result = await executeStep(
    { service: 'file-snapshot', consumes: { StageRestore: async () => ({}) }, serves: {}, publishes: [] },
    null,
    command,
    { store, bus, clock: systemClock, log: silentLog, signal: new AbortController().signal, alive: () => {} },
  );
  assert.equal(result?.ok, true);
  assert.deepEqual(storedWhenTold, [true]);
});
