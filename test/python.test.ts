import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { execa } from 'execa';
import { requireVenvOf, type Venv } from '#deploy/local/venv.ts';

/** The suites that are written in Python: a run of no test, or one that skipped a test, is no pass. */
const REQUIREMENTS = await readFile('test/edms/requirements.txt', 'utf8');
const OLDER = REQUIREMENTS.replace(/^Django==.*$/m, 'Django==4.2.30');

// Two at once: each has databases and folders of its own, and they are the last to run.
describe('suites in Python', { concurrency: 2 }, () => {
  test('the reference EDMS has its shape, works and finds its own damage on Django 5.2', async (context) => {
    const venv = await requireVenvOf('edms', REQUIREMENTS);
    await requireDjango(venv, '5.2');
    const ran = await runSuite({
      venv,
      folder: 'test/edms',
      names: ['test_shape', 'test_work', 'test_load'],
    });
    context.diagnostic(`${ran} Python tests ran`);
  });

  test('the spiteful EDMS does what it says, and finds it out of itself', async (context) => {
    const venv = await requireVenvOf('edms', REQUIREMENTS);
    const ran = await runSuite({ venv, folder: 'test/edms', names: ['test_spiteful'] });
    context.diagnostic(`${ran} Python tests ran`);
  });

  test('the reference EDMS has its shape and works on Django 4.2', async (context) => {
    const venv = await requireVenvOf('edms', OLDER);
    await requireDjango(venv, '4.2');
    const ran = await runSuite({ venv, folder: 'test/edms', names: ['test_work'] });
    context.diagnostic(`${ran} Python tests ran`);
  });

  test('the oracle finds every mutation and blames no equal copy', async (context) => {
    const venv = await requireVenvOf('edms', REQUIREMENTS);
    const ran = await runSuite({ venv, folder: 'test/oracle', names: ['test_oracle'] });
    context.diagnostic(`${ran} Python tests ran`);
  });

  test('a suite without a test, one that skips and one that fails are no pass', async () => {
    const venv = await requireVenvOf('edms', REQUIREMENTS);
    const suite = (...names: string[]) => runSuite({ venv, folder: 'test/fixtures/python', names });
    await assert.rejects(suite('no_test'), /Ran 0 tests/);
    await assert.rejects(suite('skips'), /skipped/);
    await assert.rejects(suite('fails'), /FAILED/);
  });
});

async function requireDjango(venv: Venv, wanted: string): Promise<void> {
  const { stdout } = await execa(venv.python, ['-m', 'django', '--version']);
  assert.equal(stdout.split('.').slice(0, 2).join('.'), wanted);
}

async function runSuite(suite: { venv: Venv; folder: string; names: readonly string[] }): Promise<number> {
  const ended = await execa(suite.venv.python, ['-m', 'unittest', '-v', ...suite.names], {
    cwd: suite.folder,
    env: { EDMS_ADMIN_URL: process.env['HOLDFAST_TEST_DB_URL'], PYTHONDONTWRITEBYTECODE: '1' },
    all: true,
    reject: false,
  });
  const ran = Number(/^Ran (\d+) tests?/m.exec(ended.all)?.[1] ?? 0);
  const whole = ended.exitCode === 0 && ran > 0 && !/skipped/.test(ended.all);
  assert.ok(whole, `${suite.names.join(' ')} in ${suite.folder}:\n${ended.all}`);
  return ran;
}
