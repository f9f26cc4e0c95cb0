import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ErrorCode } from '#libs/kernel/catalogue.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { decide, findFailure, storeTrouble } from './decide.ts';
import { within, type Saga } from './define.ts';
import { fold, type RunState } from './fold.ts';
import type { JournalEvent, RunHeader } from './journal.ts';

const step = (name: string): Saga['steps'][number] => ({
  name,
  after: [],
  work: { local: name },
  attemptsMax: 2,
  deadlines: within(60_000),
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
  const begun = [scheduled('first'), scheduled('second'), failed('second', 'SECRET_MISSING')];
  const state = after(...begun, failed('first', 'CANCELLED'));
  const [decision] = decide(saga, state, Date.parse(at));
  assert.equal(decision?.kind === 'undo-started' && decision.error.code, 'SECRET_MISSING');
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
  const begun = [scheduled('first'), scheduled('second'), failed('second', 'DATABASE_UNREACHABLE')];
  assert.equal(findFailure(saga, after(...begun)), undefined);
  assert.deepEqual(decide(saga, after(...begun), Date.parse(at)), []);
  assert.deepEqual(decide(saga, after(...begun), Date.parse(at) + 2_000), [
    { kind: 'step-scheduled', step: 'second', attempt: 2 },
  ]);
});

test('trouble of the store spends no attempt: the step is tried again for as long as it takes, ever more slowly', () => {
  const full = (attempt: number): readonly JournalEvent[] => [
    { kind: 'step-scheduled', step: 'first', attempt },
    { kind: 'step-failed', step: 'first', attempt, error: new HoldfastError('STORE_FULL').toRecord() },
  ];
  const state = after(...full(1), ...full(2), ...full(3), scheduled('second'));
  const now = Date.parse(at);
  assert.deepEqual(decide(saga, state, now + 15_000), []);
  assert.deepEqual(decide(saga, state, now + 18_000), [
    { kind: 'step-scheduled', step: 'first', attempt: 4 },
  ]);
  assert.equal(storeTrouble(state)?.code, 'STORE_FULL');
  const cancelled = after(...full(1), { kind: 'cancel-requested', principal: 'operator' });
  assert.equal(decide(saga, cancelled, now)[0]?.kind, 'undo-started');
});

test('a clock that was set back lets no run wait until it has caught up', () => {
  const state = after(scheduled('first'), failed('first', 'DATABASE_UNREACHABLE'), scheduled('second'));
  assert.deepEqual(decide(saga, state, Date.parse(at) - 3_600_000), [
    { kind: 'step-scheduled', step: 'first', attempt: 2 },
  ]);
});

test('an undo waits for a worker that shows life, and not for one that is silent', () => {
  const state = after(scheduled('first'), { kind: 'cancel-requested', principal: 'operator' });
  const now = Date.parse(at);
  assert.deepEqual(
    decide(saga, state, now, () => 10_000),
    [],
  );
  assert.equal(decide(saga, state, now, () => 40_000)[0]?.kind, 'undo-started');
});

test('a later owner stays the owner, in whatever order two wrote themselves down', () => {
  const state = after({ kind: 'owned', epoch: 7, by: 'late' }, { kind: 'owned', epoch: 5, by: 'early' });
  assert.deepEqual([state.epoch, state.owner, state.status], [7, 'late', 'running']);
});
