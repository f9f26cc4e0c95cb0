import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { test } from 'node:test';
import { inTurns } from './in-turns.ts';

test('each once, in order, no more at once than allowed', async () => {
  const begun: number[] = [];
  let [now, most] = [0, 0];
  await inTurns([1, 2, 3, 4, 5, 6, 7], 3, async (each) => {
    begun.push(each);
    most = Math.max(most, (now += 1));
    await setImmediate();
    now -= 1;
  });
  assert.deepEqual(begun, [1, 2, 3, 4, 5, 6, 7]);
  assert.equal(most, 3);
});

test('after one that fails none is begun', async () => {
  const begun: number[] = [];
  const work = async (each: number) => {
    begun.push(each);
    await setImmediate();
    if (each === 1) throw new Error('first');
  };
  await assert.rejects(inTurns([1, 2, 3, 4], 2, work), { message: 'first' });
  await setImmediate();
  assert.deepEqual(begun, [1, 2]);
});
