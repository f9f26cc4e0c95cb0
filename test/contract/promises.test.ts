import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { findingsOfTests, promises, promisesPage } from './promises.ts';

test('docs/promises.md is what ARCHITECTURE.md and the names of tests say now', () => {
  assert.equal(readFileSync('docs/promises.md', 'utf8'), promisesPage());
});

test('there are twelve promises, each finding belongs to one, and no test names a finding of none', () => {
  const listed = promises().flatMap(({ findings }) => findings);
  assert.equal(promises().length, 12);
  assert.deepEqual(listed, [...new Set(listed)]);
  const named = findingsOfTests();
  assert.ok(named.size > 30, `only ${named.size} findings were read`);
  assert.deepEqual(
    [...named].filter((id) => !listed.includes(id)),
    [],
  );
});
