import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Lock } from '#libs/contracts/lock.ts';
import { planLocks } from './locks.ts';
import type { SoundCandidate } from './retention.ts';

const DAY_MS = 86_400_000;
const LOCK: Lock = { daily: '14d', weekly: '60d', monthly: '400d', yearly: '3000d' };

/** Named as its run would be. */
const backup = (time: string | number, isWhole = true): SoundCandidate => {
  const startedAt = new Date(time).toISOString();
  const backupId = `${startedAt.replace(/[-:]|\.\d+/g, '')}-00000000`;
  return { backupId, startedAt, committedAt: startedAt, isWhole };
};

/** Oldest first, as they were taken; all are kept, and it is the moment of the last one. */
const plan = (
  taken: readonly SoundCandidate[],
  more: Partial<Parameters<typeof planLocks>[0]> = {},
): ReturnType<typeof planLocks> =>
  planLocks({
    lock: LOCK,
    timezone: 'UTC',
    backups: taken.toReversed(),
    forgotten: [],
    held: new Set(),
    kept: new Set(taken.map(({ backupId }) => backupId)),
    nowMs: Math.max(...taken.map(({ committedAt }) => Date.parse(committedAt))),
    ...more,
  });
const rules = (...words: Parameters<typeof plan>) =>
  plan(...words)
    .map(({ rule }) => rule)
    .toReversed();

test('the first of a year, month, week and day is of that class, the highest counts, and the second of a day of none', () => {
  const taken = [
    '2026-01-01T02:00:00Z', // a Thursday, and the first there is
    '2026-01-01T20:00:00Z',
    '2026-01-02T02:00:00Z',
    '2026-01-05T02:00:00Z',
    '2026-02-01T02:00:00Z',
    '2027-01-01T02:00:00Z',
  ].map((time) => backup(time));
  assert.deepEqual(rules(taken), ['yearly', 'daily', 'weekly', 'monthly', 'yearly']);
  assert.ok(!plan(taken).some(({ backupId }) => backupId === taken[1]!.backupId));
});

test('days are those of the time zone of the policy', () => {
  const taken = [backup('2026-01-07T20:00:00Z'), backup('2026-01-07T23:30:00Z')];
  assert.deepEqual(rules(taken), ['yearly']);
  assert.deepEqual(rules(taken, { timezone: 'Europe/Berlin' }), ['yearly', 'daily']);
});

test('a class without a duration leaves the backup to the next one that has', () => {
  const taken = [backup('2026-01-01T02:00:00Z'), backup('2026-01-02T02:00:00Z')];
  assert.deepEqual(rules(taken, { lock: { weekly: '60d' } }), ['weekly']);
});

test('locked from the commit on as long as its class says', () => {
  const [first] = plan([backup('2026-01-01T02:00:00Z')]);
  assert.equal(first!.untilMs, Date.parse('2026-01-01T02:00:00Z') + 3000 * DAY_MS);
});

test('one that is not whole is of no class, and takes no period', () => {
  const taken = [backup('2026-01-01T02:00:00Z', false), backup('2026-01-01T03:00:00Z')];
  assert.deepEqual(
    plan(taken).map(({ backupId, rule }) => [backupId, rule]),
    [[taken[1]!.backupId, 'yearly']],
  );
});

test('a backup whose first of the year was forgotten does not become the first', () => {
  const [first, second] = [backup('2026-01-01T02:00:00Z'), backup('2026-01-02T02:00:00Z')];
  assert.deepEqual(rules([second], { forgotten: [first.backupId] }), ['daily']);
});

test('what retention keeps has a week at least, and the same end for a week; what it does not keep is let go', () => {
  const taken = [backup('2026-01-01T02:00:00Z')];
  const late = (days: number, more = {}) =>
    plan(taken, {
      lock: { daily: '1d' },
      nowMs: Date.parse('2026-06-01T00:00:00Z') + days * DAY_MS,
      ...more,
    });
  for (let day = 0; day < 20; day += 1) {
    const ahead = late(day)[0]!.untilMs - Date.parse('2026-06-01T00:00:00Z') - day * DAY_MS;
    assert.ok(ahead >= 7 * DAY_MS && ahead < 15 * DAY_MS, String(ahead / DAY_MS));
  }
  const ends = new Set(Array.from({ length: 20 }, (_, day) => late(day)[0]!.untilMs));
  assert.ok(ends.size <= 4, String(ends.size));
  assert.deepEqual(late(0, { kept: new Set() }), []);
});

test('one that is held is locked for as long as the hold stands, also the second of a day and one that is not whole', () => {
  const taken = [
    backup('2026-01-01T02:00:00Z'),
    backup('2026-01-01T03:00:00Z'),
    backup('2026-01-01T04:00:00Z', false),
  ];
  const held = new Set(taken.slice(1).map(({ backupId }) => backupId));
  const locks = (nowMs: number) => plan(taken, { held, nowMs, lock: { yearly: '1d' } });
  const ahead = (day: number) => {
    const nowMs = Date.parse('2026-01-02T00:00:00Z') + day * DAY_MS;
    return locks(nowMs).map(({ rule, untilMs }) => [rule, untilMs - nowMs >= 7 * DAY_MS]);
  };
  const wanted = [
    ['hold', true],
    ['hold', true],
    ['yearly', true],
  ];
  for (const day of [0, 5, 400]) assert.deepEqual(ahead(day), wanted);
});

test('a commit that lies ahead of the clock locks no longer than from now on', () => {
  const odd = backup('2046-01-01T02:00:00Z');
  const nowMs = Date.parse('2026-01-01T00:00:00Z');
  assert.equal(plan([odd], { nowMs })[0]!.untilMs, nowMs + 3000 * DAY_MS);
});

test('law: a later backup changes no class of an earlier one, and each period has one first at most', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 0, max: 26_000 }), { minLength: 2, maxLength: 40 }),
      (hours) => {
        const taken = hours
          .toSorted((a, b) => a - b)
          .map((hour) => backup(Date.UTC(2025, 0, 1) + hour * 3_600_000));
        const nowMs = Date.UTC(2029, 0, 1);
        const classes = (some: readonly SoundCandidate[]) =>
          plan(some, { nowMs }).map(({ backupId, rule }) => `${backupId} ${rule}`);
        const all = new Set(classes(taken));
        for (const each of classes(taken.slice(0, -1))) assert.ok(all.has(each), each);
        const years = [...all].filter((each) => each.endsWith('yearly')).map((each) => each.slice(0, 4));
        assert.equal(new Set(years).size, years.length);
      },
    ),
  );
});
