import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rewrittenDifference } from './compare-rewritten.ts';

const values = new Map([
  ['db.name', 'copy'],
  ['db.port', '6'],
]);
const then = '{\n "db": {"name": "live", "port": 5,\n  "user": "u"},\n "list": [1, {}]\n}\n';
const good = '{\n "db": {"name": "copy", "port": 6,\n  "user": "u"},\n "list": [1, {}]\n}\n';
const difference = (now: string) =>
  rewrittenDifference(Buffer.from(then), Buffer.from(now), { format: 'json', values });

test('the declared values are accepted', () => {
  assert.equal(difference(good), undefined);
});

test('a declared value that is another one, and anything else that differs, is a difference', () => {
  for (const now of [
    then,
    good.replace('copy', 'live'),
    good.replace('"u"', '"v"'),
    good.replace('[1, {}]', '[1]'),
    good.replace('"user"', '"role"'),
    good.replace(' "list"', '    "list"').replace('\n}', '}\n\n'),
    `${good}\n`,
  ])
    assert.notEqual(difference(now), undefined, now);
});

test('variables of an env file are what the spec says, and the other lines are the backup’s', () => {
  const env = (now: string) =>
    rewrittenDifference(Buffer.from('A=1\nB=2 # two\n'), Buffer.from(now), {
      format: 'env',
      values: new Map([['B', 'x']]),
    });
  assert.equal(env('A=1\nB=x # two\n'), undefined);
  for (const now of ['A=1\nB=2 # two\n', 'A=2\nB=x # two\n', 'A=1\nB=x\n'])
    assert.notEqual(env(now), undefined);
});
