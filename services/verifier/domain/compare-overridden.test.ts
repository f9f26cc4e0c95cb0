import assert from 'node:assert/strict';
import { test } from 'node:test';
import { overriddenDifference } from './compare-overridden.ts';

const then = Buffer.from('# head\nA=1\nB="two\nlines" # why\nC=3\n');
const names = new Set(['B', 'NEW']);
const difference = (now: string) => overriddenDifference(then, Buffer.from(now), names);

test('what the spec sets may be another value, of other length, or new', () => {
  assert.equal(difference("# head\nA=1\nB='x' # why\nC=3\nNEW=1\n"), undefined);
});

test('any other line that changed, went or came is a difference', () => {
  for (const now of [
    "# head\nA=2\nB='x' # why\nC=3\n",
    "# head\nA=1\nB='x'\nC=3\n",
    "# head\nA=1\nB='x' # why\n",
    "# head\nA=1\nB='x' # why\nC=3\nD=4\n",
  ])
    assert.notEqual(difference(now), undefined);
});
