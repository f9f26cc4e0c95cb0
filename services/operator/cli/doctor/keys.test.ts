import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proofFinding } from './keys.ts';

const NOW = Date.parse('2026-11-27T00:00:00Z');

test('a key that was never tried, or long ago, is a warning', () => {
  assert.equal(proofFinding('recovery', undefined, NOW).level, 'warning');
  assert.equal(proofFinding('recovery', '2026-08-01T00:00:00Z', NOW).level, 'warning');
  assert.equal(proofFinding('recovery', '2026-11-01T00:00:00Z', NOW).level, 'ok');
});
