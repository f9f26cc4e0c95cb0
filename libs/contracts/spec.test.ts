import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { parseSpec } from './spec.ts';

const BASE = 'deployment: records\ndatabase: { url: { env: RECORDS_DATABASE_URL } }\n';

function problemsOf(text: string): readonly { subject: string; message: string }[] {
  try {
    parseSpec(text);
    return [];
  } catch (error) {
    assert.ok(error instanceof HoldfastError);
    assert.equal(error.code, 'SPEC_INVALID');
    return error.problems;
  }
}

test('every problem is listed at once, with its line', () => {
  const problems = problemsOf(`${BASE}files: { rots: [] }\npolicy: { rpo: soon }\n`);
  assert.deepEqual(problems.map(({ subject }) => subject).toSorted(), [
    'files.rots (line 3)',
    'policy.rpo (line 4)',
  ]);
});

test('what lies in a root is restored once: a root, a tree or an env file inside another is refused', () => {
  const problems = problemsOf(
    `${BASE}files: { roots: [{ name: storage, path: /app/storage }, { name: media, path: /app/storage/media }] }
config: { envFiles: [/app/storage/.env, /app/.env], trees: [{ name: settings, path: /app/storage/settings }] }
`,
  );
  assert.deepEqual(
    problems.map(({ subject }) => subject),
    ['media', 'settings', 'env file /app/storage/.env'],
  );
});

test('roots beside each other are fine, also where one name begins like the other', () => {
  assert.deepEqual(
    problemsOf(`${BASE}files: { roots: [{ name: a, path: /app/logs }, { name: b, path: /app/logs-old }] }\n`),
    [],
  );
});
