import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSpec } from '#libs/contracts/spec.ts';
import { pruneFinding } from './pruning.ts';

const NOW = Date.parse('2026-06-10T00:00:00Z');
const specOf = (policy: string) =>
  parseSpec(`deployment: records\ndatabase: { url: { env: RECORDS_DATABASE_URL } }\npolicy: ${policy}\n`);
const keeping = specOf('{ keep: { daily: 14 } }');
const prune = (finishedAt: string, state = 'completed') => ({ runId: 'r', state, finishedAt });

test('doctor says what is kept and when that was last seen to', () => {
  const { level, message } = pruneFinding(keeping, [prune(''), prune('2026-06-09T23:00:00Z')], NOW);
  assert.deepEqual([level, message], ['ok', 'kept: last 3, daily 14; last prune 1 h 0 min ago']);
  assert.match(pruneFinding(specOf('{}'), [], NOW).message, /every backup is kept/);
});

test('a prune that failed is a problem, and one that is days late a warning', () => {
  assert.equal(pruneFinding(keeping, [prune('2026-06-09T23:00:00Z', 'failed')], NOW).level, 'problem');
  const old = [prune('2026-06-07T00:00:00Z')];
  assert.equal(pruneFinding(keeping, old, NOW).level, 'warning');
  assert.equal(pruneFinding(specOf('{}'), old, NOW).level, 'ok', 'nobody wants one');
});
