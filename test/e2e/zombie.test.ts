import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zombie } from '#test/fault/zombie.ts';

/** A small draw of `npm run fault -- zombie`, of the runs that make places and switch them. */
test('a coordinator, worker or rescue that was stopped until others had its run changes nothing when it goes on', async () => {
  const report = await zombie({
    seed: 1,
    cases: 12,
    kinds: ['backup', 'restore', 'rollback'],
    onNote: () => {},
  });
  assert.deepEqual(report.faults, []);
  assert.equal(report.cases, 12);
  assert.ok(report.caught > 0, 'nobody was stopped with a run in its hands');
});
