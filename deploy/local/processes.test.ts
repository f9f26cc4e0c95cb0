import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { makeTempFolder } from './fixtures/temp-folder.ts';
import { findProcess } from './process-identity.ts';
import { supervise, type ProcessPlan } from './processes.ts';
import { DEFAULT_PACE, planRestartDelay } from './restart-delay.ts';

const HURRY = { restartMs: 20, restartMsMax: 80, probeEveryMs: 10, graceMs: 400 };

function planShell(
  folder: string,
  script: string,
  isHealthy: ProcessPlan['isHealthy'] = async () => true,
): ProcessPlan {
  const logFile = join(folder, 'child.log');
  return {
    name: 'child',
    command: ['sh', '-c', script],
    env: process.env,
    cwd: folder,
    logFile,
    port: 0,
    isHealthy,
  };
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let left = 500; left > 0; left -= 1) {
    if (await holds()) return;
    await delay(20);
  }
  assert.fail('did not happen within ten seconds');
}

test('a crashed child is started again, and the delay grows up to its bound', async () => {
  await using temp = await makeTempFolder();
  await using supervisor = supervise({ pace: HURRY });
  await supervisor.start([planShell(temp.path, 'echo born; sleep 0.05; exit 3')]);
  await until(() => (supervisor.states()[0]?.restarts ?? 0) >= 4);
  assert.equal(supervisor.states()[0]?.lastEnd, 'exit 3');
  assert.ok((await readFile(join(temp.path, 'child.log'), 'utf8')).split('born').length >= 5);
  const delays = [1, 2, 3, 4, 50].map((failures) => planRestartDelay(failures, DEFAULT_PACE, 1));
  assert.deepEqual(delays, [250, 500, 1000, 2000, 30_000]);
  assert.equal(planRestartDelay(50, DEFAULT_PACE, 0), 15_000);
});

test('a killed child gets a new process', async () => {
  await using temp = await makeTempFolder();
  await using supervisor = supervise({ pace: HURRY });
  await supervisor.start([planShell(temp.path, 'exec sleep 60')]);
  const first = supervisor.states()[0]?.process;
  assert.ok(first);
  process.kill(first.pid, 'SIGKILL');
  await until(
    () => supervisor.states()[0]?.status === 'healthy' && supervisor.states()[0]?.process?.pid !== first.pid,
  );
  assert.equal(supervisor.states()[0]?.lastEnd, 'SIGKILL');
});

test('a child that never gets up ends the start with its last lines', async () => {
  await using temp = await makeTempFolder();
  await using supervisor = supervise({ pace: HURRY });
  const start = supervisor.start([
    planShell(temp.path, 'echo "no such setting" >&2; exit 2', async () => false),
  ]);
  await assert.rejects(start, (error: { code?: string; details?: Record<string, unknown> }) => {
    assert.equal(error.code, 'TOOL_FAILED');
    assert.match(String(error.details?.['lastLines']), /no such setting/);
    return true;
  });
});

test('a child that is never healthy is ended when its time is over', async () => {
  await using temp = await makeTempFolder();
  await using supervisor = supervise({ pace: { ...HURRY, healthMs: 100 } });
  await assert.rejects(supervisor.start([planShell(temp.path, 'exec sleep 60', async () => false)]), {
    code: 'TOOL_FAILED',
  });
  await until(() => supervisor.states()[0]?.process === null);
});

test('stop leaves no process, not even of a child that ignores SIGTERM and has children', async () => {
  await using temp = await makeTempFolder();
  const supervisor = supervise({ pace: HURRY });
  await supervisor.start([
    planShell(temp.path, `trap '' TERM; sleep 60 & echo "$!" > grandchild; while :; do sleep 0.1; done`),
  ]);
  const grandchild = join(temp.path, 'grandchild');
  await until(() => readFile(grandchild, 'utf8').then(Boolean, () => false));
  const pids = [supervisor.states()[0]?.process?.pid ?? 0, Number(await readFile(grandchild, 'utf8'))];
  await supervisor.stop();
  await until(async () =>
    (await Promise.all(pids.map((pid) => findProcess(pid)))).every((found) => found === undefined),
  );
  assert.equal(supervisor.states()[0]?.status, 'stopped');
});

test('stages end in the reverse order of their start', async () => {
  await using temp = await makeTempFolder();
  const supervisor = supervise({ pace: HURRY });
  const planNamed = (name: string) =>
    planShell(temp.path, `trap 'echo ${name} >> ended; exit' TERM; while :; do sleep 0.02; done`);
  for (const name of ['first', 'second']) await supervisor.start([planNamed(name)]);
  // The shell sets its trap a moment after it was started.
  await delay(200);
  await supervisor.stop();
  assert.equal(await readFile(join(temp.path, 'ended'), 'utf8'), 'second\nfirst\n');
});
