import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ComponentName } from '#libs/contracts/sites.ts';
import { runIdOf } from '#libs/kernel/ids.ts';
import type { LogEntry, LogEvent } from '#libs/saga/log.ts';
import { foldTriggers } from '#libs/saga/triggers.ts';
import { planDue } from './due.ts';

const START = Date.UTC(2026, 0, 5, 12);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NIGHTLY = { expression: '0 2 * * *', timezone: 'UTC' };
type Opened = { at: number; key: string; origin: 'event' | 'request' | 'slot'; components?: unknown };

/** A deployment's log with a clock that goes where it is told; what is due is recorded and opened as the coordinator does. */
class Deployment {
  readonly entries: LogEntry[] = [];
  readonly opened: Opened[] = [];
  now = START;
  schedule: typeof NIGHTLY | undefined;

  append(event: LogEvent): void {
    const at = new Date(this.now).toISOString();
    this.entries.push({ n: this.entries.length, at, previous: '', event });
  }

  trigger(
    key: string,
    policy: {
      debounceMs?: number;
      minIntervalMs?: number;
      type?: string;
      components?: readonly ComponentName[];
    } = {},
  ): void {
    this.append({ kind: 'triggered', key, type: 'edms.changed', debounceMs: 0, minIntervalMs: 0, ...policy });
  }

  /** One look; `crash` stops it after the records, before the runs. */
  look(options: { crash?: boolean } = {}): number | undefined {
    const due = planDue('records', this.entries, this.schedule, this.now);
    for (const event of due.record) this.append(event);
    for (const { origin, key, parameters } of options.crash === true ? [] : due.open) {
      const runId = runIdOf({ kind: origin, deployment: 'records', key });
      assert.ok(!this.entries.some(({ event }) => event.kind === 'opened' && event.runId === runId));
      this.append({ kind: 'opened', runId, runKind: 'backup', exclusive: false, principal: origin });
      this.opened.push({ at: this.now, key, origin, ...(parameters as object) });
    }
    return due.lookAtMs;
  }

  /** Looks whenever the coordinator would, until the time. */
  runUntil(end: number): void {
    for (;;) {
      const next = Math.max(this.look() ?? Infinity, this.now + 1);
      if (next > end) break;
      this.now = next;
    }
    this.now = end;
    this.look();
  }
}

test('an event without a policy is due at once, and its run is the event’s own', () => {
  const edms = new Deployment();
  edms.trigger('e1');
  edms.look();
  edms.look();
  assert.deepEqual(edms.opened, [{ at: START, key: 'e1', origin: 'event' }]);
});

test('a burst gives one run after its quiet time, and that run covers every event of it', () => {
  const edms = new Deployment();
  for (const key of ['e1', 'e2', 'e3']) {
    edms.trigger(key, { debounceMs: MINUTE });
    edms.runUntil(edms.now + 30_000);
  }
  assert.deepEqual(edms.opened, []);
  edms.runUntil(START + HOUR);
  assert.deepEqual(edms.opened, [{ at: START + 2 * MINUTE, key: 'e1', origin: 'event' }]);
  const { runOf } = foldTriggers('records', edms.entries);
  assert.equal(runOf.size, 3);
  assert.equal(new Set(runOf.values()).size, 1);
});

test('events that want other components have runs of their own: the smaller one never covers the larger', () => {
  const edms = new Deployment();
  edms.trigger('settings', { components: ['config'], debounceMs: MINUTE });
  edms.trigger('migration', { type: 'edms.migration' });
  edms.look();
  assert.deepEqual(edms.opened, [{ at: START, key: 'migration', origin: 'event' }]);
  edms.trigger('later', { type: 'edms.migration', debounceMs: 2 * MINUTE });
  edms.runUntil(START + HOUR);
  assert.deepEqual(edms.opened.slice(1), [
    { at: START + MINUTE, key: 'settings', origin: 'event', components: ['config'] },
    { at: START + 2 * MINUTE, key: 'later', origin: 'event' },
  ]);
});

test('a run that nobody opened for the events covers none of them', () => {
  const edms = new Deployment();
  edms.trigger('e1', { debounceMs: MINUTE });
  const asked = { runId: 'asked', runKind: 'backup', exclusive: false, principal: 'operator' };
  edms.append({ kind: 'opened', ...asked });
  edms.runUntil(START + HOUR);
  assert.deepEqual(edms.opened, [{ at: START + MINUTE, key: 'e1', origin: 'event' }]);
});

test('a burst that never ends is backed up all the same', () => {
  const edms = new Deployment();
  for (let n = 0; n < 60; n += 1) {
    edms.trigger(`e${n}`, { debounceMs: MINUTE });
    edms.runUntil(edms.now + 30_000);
  }
  assert.equal(edms.opened[0]?.at, START + 10 * MINUTE);
});

test('runs of one type keep their minimum interval; an event in between waits and is not lost', () => {
  const edms = new Deployment();
  edms.trigger('e1', { minIntervalMs: 10 * MINUTE });
  edms.runUntil(START + MINUTE);
  edms.trigger('e2', { minIntervalMs: 10 * MINUTE });
  edms.runUntil(START + HOUR);
  assert.deepEqual(
    edms.opened.map(({ at, key }) => [at - START, key]),
    [
      [0, 'e1'],
      [10 * MINUTE, 'e2'],
    ],
  );
});

test('whatever the events, the stops and the clock: each event is covered by one run, opened after it', () => {
  const act = fc.record({
    pauseMs: fc.integer({ min: -5 * MINUTE, max: 20 * MINUTE }),
    key: fc.constantFrom('e1', 'e2', 'e3', 'e4', 'e5', 'e6'),
    debounceMs: fc.constantFrom(0, MINUTE),
    minIntervalMs: fc.constantFrom(0, 10 * MINUTE),
    type: fc.constantFrom('edms.one', 'edms.two'),
    components: fc.constantFrom<readonly ComponentName[]>(['config'], ['database', 'files', 'config']),
    crash: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(act, { maxLength: 30 }), (acts) => {
      const edms = new Deployment();
      edms.schedule = NIGHTLY;
      for (const { pauseMs, key, crash, ...policy } of acts) {
        edms.now += pauseMs;
        edms.trigger(key, policy);
        edms.look({ crash });
      }
      edms.runUntil(edms.now + DAY + HOUR);
      const { pending, runOf } = foldTriggers('records', edms.entries);
      assert.deepEqual(pending, []);
      for (const [key, runId] of runOf) {
        const first = edms.entries.findIndex(({ event }) => event.kind === 'triggered' && event.key === key);
        const run = edms.entries.findIndex(({ event }) => event.kind === 'opened' && event.runId === runId);
        assert.ok(run > first);
        const wanted = (edms.entries[first]!.event as { components?: unknown }).components;
        const opened = edms.opened.find(
          (each) => runIdOf({ kind: each.origin, deployment: 'records', key: each.key }) === runId,
        );
        assert.deepEqual(opened?.components, wanted);
      }
      assert.equal(new Set(edms.opened.map(({ key }) => key)).size, edms.opened.length);
    }),
  );
});

test('what is due while a restore has the deployment waits for its end', () => {
  const edms = new Deployment();
  const restore = { runId: 'r', runKind: 'restore', exclusive: true, principal: 'operator' };
  edms.append({ kind: 'opened', ...restore });
  edms.trigger('e1');
  edms.runUntil(START + HOUR);
  assert.deepEqual(edms.opened, []);
  edms.append({ kind: 'closed', runId: 'r', outcome: 'completed' });
  edms.look();
  assert.equal(edms.opened.length, 1);
});

test('every slot is one run, at its time', () => {
  const edms = new Deployment();
  edms.schedule = NIGHTLY;
  edms.runUntil(START + 3 * DAY);
  assert.deepEqual(
    edms.opened.map(({ at }) => at),
    [1, 2, 3].map((day) => Date.UTC(2026, 0, 5 + day, 2)),
  );
});

test('declaring a schedule backs up nothing at once; a changed one counts from its change', () => {
  const edms = new Deployment();
  edms.schedule = NIGHTLY;
  edms.runUntil(START + HOUR);
  edms.schedule = { expression: '0 3 * * *', timezone: 'Europe/Berlin' };
  edms.runUntil(START + 2 * HOUR);
  assert.deepEqual(edms.opened, []);
  edms.runUntil(START + DAY);
  assert.deepEqual(
    edms.opened.map(({ key }) => key),
    ['2026-01-06T02:00:00.000Z'],
  );
});

test('of the slots that were missed only the newest is run, once', () => {
  const edms = new Deployment();
  edms.schedule = NIGHTLY;
  edms.look();
  edms.now += 5 * DAY;
  edms.look();
  edms.look();
  assert.deepEqual(
    edms.opened.map(({ key }) => key),
    ['2026-01-10T02:00:00.000Z'],
  );
});

test('a coordinator that stopped between a slot and its run opens that run', () => {
  const edms = new Deployment();
  edms.schedule = NIGHTLY;
  edms.look();
  edms.now = Date.UTC(2026, 0, 6, 2);
  edms.look({ crash: true });
  edms.now += 5 * MINUTE;
  edms.look();
  edms.look();
  assert.deepEqual(
    edms.opened.map(({ key }) => key),
    ['2026-01-06T02:00:00.000Z'],
  );
});

test('a clock gone back runs no slot twice, and none that was passed over', () => {
  const edms = new Deployment();
  edms.schedule = NIGHTLY;
  edms.runUntil(START + 3 * DAY);
  const before = edms.opened.length;
  edms.now -= 20 * HOUR;
  edms.runUntil(START + 3 * DAY);
  assert.equal(edms.opened.length, before);
  edms.runUntil(START + 4 * DAY);
  assert.equal(edms.opened.length, before + 1);
});

test('a clock that was years ahead for a while does not stop the schedule for years', () => {
  const edms = new Deployment();
  edms.schedule = NIGHTLY;
  edms.look();
  edms.now += 3650 * DAY;
  edms.look();
  edms.now = START;
  edms.opened.length = 0;
  edms.runUntil(START + DAY);
  assert.ok(edms.opened.length > 0);
});
