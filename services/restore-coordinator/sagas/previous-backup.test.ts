import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunHeader } from '#libs/saga/journal.ts';
import type { LogEntry, LogEvent } from '#libs/saga/log.ts';
import { emptyManifest } from '../fixtures/manifest.ts';
import { ofPrevious } from './previous-backup.ts';

const TAKEN = {
  ...emptyManifest('records', '20261124T010000Z-00000001', ['database']),
  startedAt: '2026-11-24T01:00:00.000Z',
};
const HEADER = { parameters: {} } as unknown as RunHeader;

function isTold(log: readonly LogEntry[], parameters: { full?: boolean; portable?: boolean } = {}): boolean {
  const { field, warnings } = ofPrevious({ ...HEADER, parameters }, TAKEN, log);
  const isWanted = parameters.full === true || parameters.portable === true;
  const isDoubted = field.previous === undefined && !isWanted;
  assert.deepEqual(
    warnings.map(({ message }) => message),
    isDoubted ? ['run r1 failed since the last backup: every row is read again'] : [],
  );
  return field.previous !== undefined;
}

function trial(runKind: string, outcome: string, at: string): readonly LogEntry[] {
  const opened = { kind: 'opened', runId: 'r1', runKind, exclusive: false, principal: 'p' } as const;
  const events: LogEvent[] = [opened, { kind: 'closed', runId: 'r1', outcome }];
  return events.map((event, n) => ({ n, at, previous: '', event }));
}

const BEFORE = '2026-11-24T00:59:59.000Z';
const AFTER = '2026-11-24T01:00:01.000Z';

test('a backup is told of the one before, but where all is to be read', () => {
  assert.equal(isTold([]), true);
  assert.equal(isTold([], { full: true }), false);
  assert.equal(isTold([], { portable: true }), false);
  assert.deepEqual(ofPrevious(HEADER, undefined, []), { field: {}, warnings: [] });
});

test('after a trial that failed nothing is taken over, until a backup was read whole', () => {
  for (const runKind of ['drill', 'verify', 'restore'])
    for (const outcome of ['failed', 'refused', 'stuck']) {
      assert.equal(isTold(trial(runKind, outcome, AFTER)), false, `${runKind} ${outcome}`);
      assert.equal(isTold(trial(runKind, outcome, BEFORE)), true, `${runKind} ${outcome}`);
    }
  assert.equal(isTold(trial('drill', 'completed', AFTER)), true);
  assert.equal(isTold(trial('drill', 'cancelled', AFTER)), true);
  assert.equal(isTold(trial('scrub', 'failed', AFTER)), true);
});
