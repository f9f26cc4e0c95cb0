import assert from 'node:assert/strict';
import { test } from 'node:test';
import { paceOf } from './scrub.ts';

const clock = { now: () => performance.now() };
const never = new AbortController().signal;

test('a scrub never has read more than its rate allows, over all it read', async () => {
  const startedAt = clock.now();
  const pace = paceOf(10_000, clock, never);
  let read = 0;
  for (const bytes of [500, 1, 1500, 300]) {
    read += bytes;
    await pace(bytes);
    // Timers may be a millisecond early.
    assert.ok(read <= 10 * (clock.now() - startedAt + 2), `${read} bytes`);
  }
});

test('one that is slower than its rate does not wait, nor does one without', async () => {
  let now = 0;
  const pace = paceOf(1, { now: () => now }, never);
  now = 1e12;
  await pace(1e9);
  await paceOf(undefined, clock, never)(Number.MAX_SAFE_INTEGER);
});

test('an abort ends the wait', async () => {
  const abort = new AbortController();
  const waiting = paceOf(1, clock, abort.signal)(1e6);
  abort.abort();
  await assert.rejects(waiting, { name: 'AbortError' });
});
