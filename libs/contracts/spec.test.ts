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

test('a name that an object swallows is refused, wherever it stands', () => {
  const text = `${BASE}config: { set: { __proto__: x, constructor: y } }\n__proto__: { policy: {} }\n`;
  assert.deepEqual(
    problemsOf(text).map(({ subject }) => subject),
    ['__proto__', '__proto__'],
  );
  assert.deepEqual(problemsOf(`${BASE}config: { set: { constructor: y, toString: z } }\n`), []);
});

test('a deployment whose name is a path, a subject or an option is refused', () => {
  for (const name of [
    '..',
    '../other',
    'a/b',
    'a.b',
    'a b',
    '*',
    '>',
    '--yes',
    'Ä',
    'A',
    '',
    'a\\n',
    'x'.repeat(64),
  ])
    assert.equal(problemsOf(`deployment: ${JSON.stringify(name)}\n${BASE.split('\n')[1]}\n`).length, 1, name);
});
