import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linesBetween, type Wanted } from './log-lines.ts';

const LOG = [
  'started by hand',
  '2026-11-23 23:59:59,871 INFO logged in: anna',
  '[INFO] 2026-11-24T10:00:00Z approved: 17',
  'ERROR 2026-11-24 10:05:30 cannot open 18',
  '  File "views.py", line 3',
  '2026-11-25 08:00:00,001 INFO logged in: boris',
];

async function found(wanted: Partial<Wanted>): Promise<readonly number[]> {
  async function* lines() {
    yield* LOG;
  }
  const { from, to, contains = '' } = wanted;
  const numbers: number[] = [];
  for await (const { line } of linesBetween(lines(), { from, to, contains })) numbers.push(LOG.indexOf(line));
  return numbers;
}

test('F34: lines of a log are found by their time, a traceback with its head, and a date counts whole', async () => {
  assert.deepEqual(await found({}), [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(await found({ from: '2026-11-24', to: '2026-11-24' }), [2, 3, 4]);
  assert.deepEqual(await found({ from: '2026-11-24T10:05' }), [3, 4, 5]);
  assert.deepEqual(await found({ to: '2026-11-24T10:00:00' }), [1, 2]);
  assert.deepEqual(await found({ contains: 'logged in', from: '2026-11-25' }), [5]);
});
