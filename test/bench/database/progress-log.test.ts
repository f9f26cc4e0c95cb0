import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProgressLog } from './progress-log.ts';

/** Of work of 1,000 ms, as [ms, bytes] of 100. */
function toldOf(reports: readonly (readonly [number, number])[], bytesTotal = 100) {
  const log = new ProgressLog(5_000);
  for (const [at, bytes] of reports) log.add(5_000 + at, { bytes, bytesTotal });
  return log.tell(6_000);
}

test('the largest deviation of bytes from time is told, without the first tenth; signs of life that move nothing are not counted', () => {
  assert.deepEqual(
    toldOf([
      [0, 0],
      [50, 40],
      [500, 53],
      [800, 75],
      [900, 75],
      [1_000, 100],
    ]),
    { reports: 5, isMonotonic: true, reachedPercent: 100, deviationPercent: 5 },
  );
  assert.equal(new ProgressLog(0).tell(1), undefined);
});

test('bytes that go back, and a total that changes, are told', () => {
  assert.equal(
    toldOf([
      [100, 10],
      [500, 9],
    ])?.isMonotonic,
    false,
  );
  const log = new ProgressLog(0);
  log.add(1, { bytes: 1, bytesTotal: 10 });
  log.add(2, { bytes: 2, bytesTotal: 11 });
  assert.equal(log.tell(3)?.isMonotonic, false);
});
