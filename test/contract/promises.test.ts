import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';
import { findingsOfTests, promises, promisesPage, shownTests } from './promises.ts';
import { readRecord, recordOf, type TestResult } from './record.ts';

const ABOUT = { date: '2026-01-02', commit: 'abc', machine: 'a machine' };

test('docs/promises.md is what ARCHITECTURE.md, the names of tests and the last record say now', () => {
  assert.equal(readFileSync('docs/promises.md', 'utf8'), promisesPage(readRecord()));
});

test('there are twelve promises with tests, each finding belongs to one, and no test names a finding of none', () => {
  const listed = promises().flatMap(({ findings }) => findings);
  assert.equal(promises().filter(({ shownBy }) => shownBy.length > 0).length, 12);
  assert.deepEqual(listed, [...new Set(listed)]);
  const named = findingsOfTests();
  assert.ok(named.size > 30, `only ${named.size} findings were read`);
  assert.deepEqual(
    [...named].filter((id) => !listed.includes(id)),
    [],
  );
});

test('the page has the recorded result of each test, the worse one of two, and says what no recorded run has run', () => {
  const { files, tests } = shownTests();
  const [first, second] = tests;
  const templated = tests.find(({ file }) => file === 'test/e2e/findings.test.ts')!;
  const results: TestResult[] = [
    ...tests.filter((each) => each !== second).map((each) => ({ ...each, result: 'ok' as const })),
    { ...first!, file: resolve(first!.file), result: 'failed' },
    { file: 'other.test.ts', name: 'not on the page', result: 'ok' },
  ];
  const record = recordOf(ABOUT, results, { files, tests });
  const page = promisesPage(record);
  const rowOf = ({ file, name }: { file: string; name: string }) =>
    page.split('\n').find((line) => line.includes(`[${name}](../${file})`))!;
  assert.match(rowOf(first!), /\| failed \|$/);
  assert.match(rowOf(second!), /\| not yet run by a recorded run \|$/);
  assert.match(page, /2026-01-02, commit abc, on a machine/);
  assert.equal(templated.name.startsWith('F'), true);
  assert.equal(record.tests.length, tests.length - 1);
});

test('the reporter tells each test under its own name and file, a failing one, a skipped one and a broken file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-results-'));
  try {
    const [file, broken] = [join(folder, 'a.test.mjs'), join(folder, 'b.test.mjs')];
    writeFileSync(
      file,
      `import { describe, test } from 'node:test';
      describe('a suite', () => { for (const id of ['F1', 'F2']) test(\`\${id}: made\`, () => {}); });
      test('bad', () => { throw new Error('no'); });
      // Skipped so that the reporter is seen to tell it.
      test('left out', { skip: true }, () => {});`,
    );
    writeFileSync(broken, 'throw new Error("does not load");');
    const reporter = resolve('test/contract/results-reporter.ts');
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const { stdout } = await execa(
      process.execPath,
      ['--test', `--test-reporter=${reporter}`, file, broken],
      {
        env,
        extendEnv: false,
        reject: false,
      },
    );
    const seen = stdout.split('\n').map((line) => JSON.parse(line) as TestResult);
    const lines = seen.map((each) => [each.file === broken ? 'broken' : each.name, each.result].join(' '));
    assert.deepEqual(lines.toSorted(), [
      'F1: made ok',
      'F2: made ok',
      'bad failed',
      'broken failed',
      'left out skipped',
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a part of the tests is not recorded', async () => {
  const { exitCode, stderr } = await execa(process.execPath, ['test/run.ts', 'libs/kernel', '--record'], {
    reject: false,
  });
  assert.notEqual(exitCode, 0);
  assert.match(stderr, /whole run/);
});
