import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reachedLevel } from './reached-level.ts';

const check = (name: string, level: number, ok = true) => ({ name, level, ok, detail: '' });
const verdict = (at: string, ...checks: ReturnType<typeof check>[]) => ({ at, checks });

test('a backup reaches the level below its first failed check, and none without a verdict', () => {
  assert.equal(reachedLevel([]), -1);
  assert.equal(reachedLevel([verdict('1', check('chain', 0), check('packs', 1))]), 1);
  assert.equal(
    reachedLevel([verdict('1', check('packs', 1), check('rows', 2), check('login', 5, false))]),
    2,
  );
  assert.equal(reachedLevel([verdict('1', check('packs', 1, false), check('login', 5))]), -1);
});

test('of one check the newest result counts, in whatever order verdicts come', () => {
  const first = verdict('2026-01-01', check('packs', 1), check('login', 5, false));
  const second = verdict('2026-01-02', check('login', 5));
  assert.equal(reachedLevel([second, first]), 5);
  assert.equal(reachedLevel([verdict('2026-01-03', check('packs', 1, false)), first, second]), -1);
});
