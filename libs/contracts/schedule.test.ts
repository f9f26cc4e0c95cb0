import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isSchedule, isTimezone, newestSlot, nextSlot } from './schedule.ts';

const YEAR_2026 = Date.UTC(2026, 0, 1);
const DAY_MS = 86_400_000;
const someTime = fc.integer({ min: YEAR_2026, max: YEAR_2026 + 2 * 365 * DAY_MS });
const someSchedule = fc.record({
  expression: fc.constantFrom('0 2 * * *', '30 2 * * *', '*/15 * * * *', '0 3 * * 1', '0 0 1 * *'),
  timezone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe'),
});

test('the newest slot is never later than now, and no slot lies between it and the next', () => {
  fc.assert(
    fc.property(someSchedule, someTime, (schedule, now) => {
      const newest = newestSlot(schedule, now)!;
      const next = nextSlot(schedule, now)!;
      assert.ok(newest <= now && now < next);
      assert.equal(newestSlot(schedule, newest), newest);
      assert.equal(newestSlot(schedule, next - 1), newest);
      assert.equal(nextSlot(schedule, newest), next);
    }),
    { numRuns: 400 },
  );
});

test('a day has one slot at half past two, also when the clocks change', () => {
  const schedule = { expression: '30 2 * * *', timezone: 'Europe/Berlin' };
  let slots = 0;
  for (let at = Date.UTC(2025, 11, 31, 12); ; slots += 1) {
    at = nextSlot(schedule, at)!;
    if (at >= Date.UTC(2026, 11, 31, 12)) break;
  }
  assert.equal(slots, 365);
});

test('what is no schedule, never fits a day or counts seconds is refused', () => {
  for (const wrong of ['', 'daily', '0 2 * *', '* * * * * *', '61 2 * * *', '0 0 30 2 *', '@daily'])
    assert.equal(isSchedule(wrong), false, wrong);
  assert.equal(isSchedule('0 2 * * *'), true);
  assert.equal(isTimezone('Mars/Olympus'), false);
  assert.equal(isTimezone('Europe/Berlin'), true);
});
