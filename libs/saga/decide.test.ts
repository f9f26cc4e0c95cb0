import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ErrorCode } from '#libs/kernel/catalogue.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { decide, findFailure } from './decide.ts';
import type { Saga } from './define.ts';
import { fold, type RunState } from './fold.ts';
import type { JournalEvent, RunHeader } from './journal.ts';

const step = (name: string): Saga['steps'][number] => ({
  name,
  after: [],
  work: { local: name },
  attemptsMax: 2,
  deadlineMs: 60_000,
});
const saga: Saga = {
  kind: 'two at once',
  exclusive: false,
  outcomeOf: () => 'completed',
  steps: [step('first'), step('second')],
};
const header = { runId: '0', kind: 'backup', deployment: 'records' } as unknown as RunHeader;
const at = '2026-01-01T00:00:00.000Z';

function after(...events: readonly JournalEvent[]): RunState {
  const all: readonly JournalEvent[] = [{ kind: 'started', header }, ...events];
  return fold(all.map((event, n) => ({ n, at, previous: '', event })))!;
}
const scheduled = (name: string): JournalEvent => ({ kind: 'step-scheduled', step: name, attempt: 1 });
const failed = (name: string, code: ErrorCode): JournalEvent => ({
  kind: 'step-failed',
  step: name,
  attempt: 1,
  error: new HoldfastError(code).toRecord(),
});

test('a run ends for what failed, not for the siblings that were cancelled because of it', () => {
  const begun = [scheduled('first'), scheduled('second'), failed('second', 'STORE_FULL')];
  const state = after(...begun, failed('first', 'CANCELLED'));
  const [decision] = decide(saga, state, Date.parse(at));
  assert.equal(decision?.kind === 'undo-started' && decision.error.code, 'STORE_FULL');
});

test('a run that somebody cancelled is cancelled', () => {
  const begun = [
    scheduled('first'),
    scheduled('second'),
    { kind: 'cancel-requested', principal: 'a' } as const,
  ];
  const state = after(...begun, failed('first', 'CANCELLED'), failed('second', 'CANCELLED'));
  assert.equal(findFailure(saga, state)?.code, 'CANCELLED');
});

test('a failure that another attempt follows ends nothing, and no sibling is cancelled for it', () => {
  const begun = [scheduled('first'), scheduled('second'), failed('second', 'STORE_UNREACHABLE')];
  assert.equal(findFailure(saga, after(...begun)), undefined);
  assert.deepEqual(decide(saga, after(...begun), Date.parse(at)), []);
  assert.deepEqual(decide(saga, after(...begun), Date.parse(at) + 2_000), [
    { kind: 'step-scheduled', step: 'second', attempt: 2 },
  ]);
});
