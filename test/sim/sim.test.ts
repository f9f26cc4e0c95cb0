import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';
import type { AdmissionReport } from './admission.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const LIMIT_MS = 9 * 60_000;
/** In processes of their own: their time is not this one's. */
const sim = (...words: readonly string[]) =>
  execa(process.execPath, ['test/sim/main.ts', ...words], { cwd: ROOT, reject: false, timeout: LIMIT_MS });
const report = async (...words: readonly string[]): Promise<Record<string, unknown>> => {
  const { stdout, stderr } = await sim(...words, '--json');
  assert.notEqual(stdout, '', stderr);
  return JSON.parse(stdout) as Record<string, unknown>;
};

test('a thousand worlds with faults: no promise is broken, and whatever was begun ends', async () => {
  const { seeds, violations, stuck, found } = await report('system', '--seeds', '1000');
  assert.deepEqual({ seeds, violations, stuck, found }, { seeds: 1000, violations: 0, stuck: 0, found: [] });
});

test('three that write and two that clean, on late listings: no backup is harmed, and no waste is left', async () => {
  const { seeds, harmed, stuck, found, outcomes } = await report('cleaning', '--seeds', '300');
  assert.deepEqual({ seeds, harmed, stuck, found }, { seeds: 300, harmed: 0, stuck: 0, found: [] });
  const { deleted, repacked, restored } = outcomes as Record<string, number>;
  assert.ok(deleted! > 300 && repacked! > 300 && restored! > 300, JSON.stringify(outcomes));
});

test('a seed plays the same world again, event for event', async () => {
  const [first, second] = [
    await sim('system', '--seed', '13', '--seeds', '1'),
    await sim('system', '--seed', '13', '--seeds', '1'),
  ];
  assert.ok(first.stdout.length > 10_000, 'there is no history');
  assert.equal(second.stdout, first.stdout);
});

test('one deployment that asks two hundred times keeps nobody waiting for three times the mean, and all see their turn', async () => {
  const { ratio, floodWaitMs, maxWaitMs, queued, runs, violations, stuck } = (await report(
    'admission',
    '--deployments',
    '60',
  )) as unknown as AdmissionReport;
  assert.deepEqual({ runs, violations, stuck }, { runs: 260, violations: [], stuck: [] });
  assert.ok(ratio <= 3, `${maxWaitMs} ms at most is ${ratio} times the mean`);
  assert.ok(floodWaitMs > maxWaitMs, 'the flood is served last');
  assert.ok(queued > 100, `${queued} were seen to wait for their turn`);
});

test('the simulation is sharp: bugs that are planted in the protocol are found', async () => {
  const bugs = [
    'commit-before-verify',
    'condemned-relied-on',
    'no-epoch-check',
    'run-id-not-of-the-request',
    'settled-after-the-needs',
  ];
  const { cases, found, findings } = await report('planted', ...bugs, '--seeds', '2000');
  assert.deepEqual({ cases, found }, { cases: bugs.length, found: bugs.length }, JSON.stringify(findings));
});
