import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StepCommand } from '#libs/contracts/step.ts';
import { memoryStore } from '#libs/store/memory.ts';
import { claimWork, isTakenOver } from './claims.ts';
import type { JournalEntry } from './journal.ts';

const COMMAND = {
  runId: '0123456789abcdef0123456789abcdef',
  step: 'pivot.files',
  attempt: 1,
  epoch: 1,
  service: 'file-snapshot',
  site: 'local',
} as StepCommand;

/** In this order. */
const JOURNAL = ['stage.files', 'pivot.files', 'undo.pivot.files'].map((step, n) => ({
  n,
  event: { kind: 'step-scheduled', step, attempt: 1 },
})) as JournalEntry[];

test('of many that claim at once each has a number of its own, and the highest alone is the latest', async () => {
  const store = memoryStore();
  const tokens = await Promise.all(Array.from({ length: 12 }, () => claimWork(store, COMMAND, 'worker')));
  const numbers = tokens.map(({ claim }) => claim).toSorted((a, b) => a - b);
  assert.deepEqual(
    numbers,
    Array.from({ length: 12 }, (_, at) => at + 1),
  );
  const taken = await Promise.all(tokens.map((token) => isTakenOver(store, token, COMMAND, JOURNAL)));
  assert.deepEqual(
    tokens.filter((_, at) => !taken[at]).map(({ claim }) => claim),
    [12],
  );
});

test('what is done elsewhere, for another service or under an older epoch takes nothing over', async () => {
  const store = memoryStore();
  const later = { ...COMMAND, epoch: 2 };
  const token = await claimWork(store, later, 'worker');
  for (const other of [
    { site: 'archive', epoch: 2 },
    { service: 'verifier', epoch: 2 },
    { epoch: 1 },
  ] as const)
    await claimWork(store, { ...COMMAND, ...other }, 'another');
  assert.equal(await isTakenOver(store, token, later, JOURNAL), false);
  await claimWork(store, { ...COMMAND, epoch: 2, step: 'undo.pivot.files' }, 'another');
  assert.equal(await isTakenOver(store, token, later, JOURNAL), true);
});

test('who was stopped before its claim, and makes it when the run is further on, takes nothing over', async () => {
  const store = memoryStore();
  const token = await claimWork(store, COMMAND, 'worker');
  await claimWork(store, { ...COMMAND, step: 'stage.files' }, 'late');
  assert.equal(await isTakenOver(store, token, COMMAND, JOURNAL), false);
  await claimWork(store, COMMAND, 'another');
  assert.equal(await isTakenOver(store, token, COMMAND, JOURNAL), true);
});
