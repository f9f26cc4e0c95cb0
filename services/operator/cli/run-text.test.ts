import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Run } from './front-door.ts';
import { runEndText } from './run-text.ts';

const ended = (state: string, kind = 'restore') => {
  const error = { code: 'CHECK_FAILED', message: 'a check failed', remedy: 'look at it', problems: [] };
  const at = { openedAt: '2026-01-01T00:00:00Z', finishedAt: '2026-01-01T00:00:05Z' };
  return runEndText({ runId: 'r', kind, state, error, outcomeJson: '', ...at } as unknown as Run);
};

test('F19: a restore that failed says that the old system is whole, and one that needs a person does not', () => {
  assert.match(ended('failed'), /the system is whole, and as it was before/);
  assert.match(ended('cancelled'), /the system is whole, and as it was before/);
  assert.match(ended('refused'), /nothing was touched/);
  assert.doesNotMatch(ended('stuck'), /whole|nothing was touched/);
  assert.doesNotMatch(ended('failed', 'backup'), /whole/);
});
