import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Keep } from '#libs/contracts/keep.ts';
import { calendarIn, UNITS } from './period.ts';
import { planRetention, type Candidate, type SoundCandidate } from './retention.ts';

const HOUR_MS = 3_600_000;
const START = Date.UTC(2026, 0, 1);

const backup = (name: string, time: string | number, isWhole = true): SoundCandidate => {
  const startedAt = new Date(time).toISOString();
  return { backupId: name, startedAt, committedAt: startedAt, isWhole };
};

/** Oldest first, as they were taken. */
const plan = (
  keep: Keep | undefined,
  taken: readonly Candidate[],
  kept: readonly string[] = [],
  timezone = 'UTC',
) =>
  planRetention({
    keep,
    timezone,
    backups: taken.toReversed(),
    kept: kept.map((backupId) => ({ backupId, reason: 'held: court' })),
  });
const keptOf = (...words: Parameters<typeof plan>) =>
  plan(...words)
    .filter(({ isKept }) => isKept)
    .map(({ backupId }) => backupId)
    .toSorted();

/** One backup each day, named by it. */
const days = (from: string, count: number) =>
  Array.from({ length: count }, (_, n) => {
    const time = Date.parse(from) + n * 24 * HOUR_MS;
    return backup(new Date(time).toISOString().slice(0, 10), time);
  });

test('without a policy everything stays, and says so', () => {
  const choices = plan(undefined, days('2026-01-01T02:00:00Z', 50));
  assert.ok(choices.every(({ isKept, reasons }) => isKept && /no policy\.keep/.test(reasons[0]!)));
});

test('by day, week, month and year the newest of each of so many periods stays, with all its reasons', () => {
  const keep = { last: 1, daily: 3, weekly: 2, monthly: 2, yearly: 2 };
  const taken = days('2025-12-01T02:00:00Z', 60);
  assert.deepEqual(keptOf(keep, taken), [
    '2025-12-31',
    '2026-01-25',
    '2026-01-27',
    '2026-01-28',
    '2026-01-29',
  ]);
  const choices = new Map(plan(keep, taken).map(({ backupId, reasons }) => [backupId, reasons]));
  assert.deepEqual(choices.get('2026-01-29'), [
    'one of the newest (last 1)',
    'newest of 2026-01-29 (daily 3)',
    'newest of week 2026-W05 (weekly 2)',
    'newest of 2026-01 (monthly 2)',
    'newest of 2026 (yearly 2)',
  ]);
  assert.deepEqual(choices.get('2025-12-31'), ['newest of 2025-12 (monthly 2)', 'newest of 2025 (yearly 2)']);
  assert.deepEqual(choices.get('2025-12-01'), [
    'no rule keeps it: last 1, daily 3, weekly 2, monthly 2, yearly 2',
  ]);
});

test('a day is one of the policy’s time zone', () => {
  const [before, after] = [backup('before', '2026-07-01T21:30:00Z'), backup('after', '2026-07-01T22:30:00Z')];
  const keep = { last: 1, daily: 2 };
  assert.deepEqual(keptOf(keep, [before, after], [], 'Europe/Berlin'), ['after', 'before']);
  assert.deepEqual(keptOf(keep, [before, after], [], 'UTC'), ['after']);
});

test('weeks are those of ISO 8601, over the turn of the year', () => {
  const week = UNITS.find(({ rule }) => rule === 'weekly')!;
  const named = ['2025-12-28', '2025-12-29', '2026-01-04', '2026-01-05', '2027-01-03', '2027-01-04'].map(
    (day) => calendarIn('UTC')(week, `${day}T12:00:00Z`),
  );
  assert.deepEqual(
    named.map((name) => name.slice('week '.length)),
    ['2025-W52', '2026-W01', '2026-W01', '2026-W02', '2026-W53', '2027-W01'],
  );
});

test('a partial backup counts only where nothing whole is in its period, and stays while it is the newest', () => {
  const taken = [
    backup('p1', '2026-01-01T02:00:00Z', false),
    backup('w2', '2026-01-02T02:00:00Z'),
    backup('p2', '2026-01-02T03:00:00Z', false),
    backup('w3', '2026-01-03T02:00:00Z'),
    backup('p3', '2026-01-03T03:00:00Z', false),
  ];
  assert.deepEqual(keptOf({ last: 1, daily: 3 }, taken), ['p1', 'p3', 'w2', 'w3']);
  assert.deepEqual(keptOf({ last: 9 }, taken), ['p1', 'p2', 'p3', 'w2', 'w3'], 'fewer whole ones than that');
});

test('a damaged backup stays, is said, and takes nobody’s place', () => {
  const taken = [
    ...days('2026-01-01T02:00:00Z', 4),
    { backupId: 'torn', damaged: 'signature does not hold' },
  ];
  assert.deepEqual(keptOf({ last: 2 }, taken), ['2026-01-03', '2026-01-04', 'torn']);
  assert.match(plan({ last: 2 }, taken)[0]!.reasons.join(), /signature does not hold/);
});

test('backups whose times contradict the order of the log both stay, and take no period away', () => {
  const taken = [
    ...days('2026-01-01T02:00:00Z', 3),
    backup('ahead', '2031-05-05T02:00:00Z'),
    ...days('2026-01-05T02:00:00Z', 3),
  ];
  assert.deepEqual(keptOf({ last: 1, daily: 3 }, taken), [
    '2026-01-03',
    '2026-01-05',
    '2026-01-06',
    '2026-01-07',
    'ahead',
  ]);
});

const onward = fc.integer({ min: 0, max: 200 });
const jumping = fc.oneof({ weight: 9, arbitrary: onward }, fc.constantFrom(-90, 50_000, -50_000));

const candidatesBy = (hours: fc.Arbitrary<number>) =>
  fc
    .array(fc.record({ hours, kind: fc.constantFrom('whole', 'whole', 'whole', 'partial', 'damaged') }), {
      maxLength: 60,
      size: 'max',
    })
    .map((steps) => {
      let now = START;
      return steps.map(({ hours: later, kind }, n): Candidate => {
        now += later * HOUR_MS;
        const name = `b${String(n).padStart(3, '0')}`;
        if (kind === 'damaged') return { backupId: name, damaged: 'torn' };
        return backup(name, now, kind === 'whole');
      });
    });
const anyCandidates = candidatesBy(jumping);
const count = fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined });
const anyKeep = fc
  .record({
    last: fc.integer({ min: 1, max: 5 }),
    daily: count,
    weekly: count,
    monthly: count,
    yearly: count,
  })
  .map((keep) => Object.fromEntries(Object.entries(keep).filter(([, n]) => n !== undefined)) as Keep);
const isWhole = (candidate: Candidate): boolean => 'isWhole' in candidate && candidate.isWhole;

test('P11: under any policy and clock the newest whole backups stay, and whatever is held, proved or damaged', () => {
  fc.assert(
    fc.property(anyCandidates, anyKeep, fc.array(fc.nat(59)), (taken, keep, held) => {
      const holds = held.flatMap((n) => (taken[n] === undefined ? [] : [taken[n].backupId]));
      const kept = new Set(keptOf(keep, taken, holds));
      const must = [
        ...taken.filter(isWhole).slice(-keep.last),
        ...taken.filter((candidate) => 'damaged' in candidate),
      ].map(({ backupId }) => backupId);
      for (const id of [...must, ...holds]) assert.ok(kept.has(id), id);
    }),
    { numRuns: 1000 },
  );
});

test('every backup is answered once, and with a reason', () => {
  fc.assert(
    fc.property(anyCandidates, anyKeep, (taken, keep) => {
      const choices = plan(keep, taken);
      assert.deepEqual(
        choices.map(({ backupId }) => backupId),
        taken.map(({ backupId }) => backupId).toReversed(),
      );
      assert.ok(choices.every(({ reasons }) => reasons.length > 0));
    }),
  );
});

test('one more backup, whatever its clock says, lets go of one for each rule at most', () => {
  const wholes = anyCandidates.map((taken) => taken.filter(isWhole));
  fc.assert(
    fc.property(wholes, anyKeep, fc.integer({ min: -99_999, max: 99_999 }), (taken, keep, hours) => {
      const more = [...taken, backup('more', START + hours * HOUR_MS)];
      const [before, after] = [keptOf(keep, taken), new Set(keptOf(keep, more))];
      const lost = before.filter((id) => !after.has(id));
      assert.ok(lost.length <= Object.keys(keep).length, lost.join());
    }),
    { numRuns: 1000 },
  );
});

test('what was let go is not missed: pruned by the same policy again, the same stay', () => {
  fc.assert(
    fc.property(candidatesBy(onward), anyKeep, (taken, keep) => {
      const kept = new Set(keptOf(keep, taken));
      const left = taken.filter(({ backupId }) => kept.has(backupId));
      assert.deepEqual(keptOf(keep, left), [...kept].toSorted());
    }),
    { numRuns: 1000 },
  );
});
