import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RANDOM_DEPLOYMENT as DEPLOYMENT, randomLog } from '#libs/saga/random-log.ts';
import { relevant } from '#libs/saga/relevant.ts';
import { periodicDue } from './periodic-due.ts';
import { isSettled } from './settled.ts';
import { planDue } from './due.ts';
import { keptStates } from './kept-states.ts';

const NIGHTLY = { expression: '0 2 * * *', timezone: 'UTC' };

test('what a coordinator decides by a checkpoint is what it decides by the whole log, at any time', () => {
  const moment = fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2032, 0, 1) });
  fc.assert(
    fc.property(randomLog, fc.double({ min: 0, max: 1, noNaN: true }), moment, (whole, where, now) => {
      const at = Math.floor(whole.length * where);
      const short = [...relevant(DEPLOYMENT, whole.slice(0, at)), ...whole.slice(at)];
      assert.deepEqual(keptStates(short), keptStates(whole));
      for (const schedule of [undefined, NIGHTLY])
        assert.deepEqual(
          planDue(DEPLOYMENT, short, schedule, now),
          planDue(DEPLOYMENT, whole, schedule, now),
        );
      for (const kind of ['drill', 'prune'] as const)
        assert.equal(
          periodicDue({ kind, every: '7d' }, short, now),
          periodicDue({ kind, every: '7d' }, whole, now),
        );
      for (const list of [1, 2, 5])
        assert.ok(!isSettled(short, list) || isSettled(whole, list), `list ${list}`);
      const lastRestore = (entries: typeof whole) =>
        entries.findLast(({ event }) => event.kind === 'restored');
      assert.equal(lastRestore(short)?.n, lastRestore(whole)?.n);
    }),
    { numRuns: 1000 },
  );
});
