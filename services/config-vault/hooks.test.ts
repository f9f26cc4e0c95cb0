import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { openScene } from './fixtures/scene.ts';

test('hooks run in order, and the first failure is named without arguments or output and stops the rest', async () => {
  await using scene = await openScene(
    `hooks: { stop: [[sh, -c, "echo one >> FOLDER/out"], [sh, -c, "echo two >> FOLDER/out"]],
              reset: [[sh, -c, "echo of no use; echo the reason >&2; exit 7"], [touch, FOLDER/never]] }`,
  );
  assert.deepEqual(await scene.step('RunHook', { hook: 'stop' }), { hook: 'stop', commands: 2 });
  assert.equal(readFileSync(join(scene.folder, 'out'), 'utf8'), 'one\ntwo\n');
  await assert.rejects(
    scene.step('RunHook', { hook: 'reset' }),
    (error: { code: string; details: Record<string, unknown> }) => {
      assert.equal(error.code, 'HOOK_FAILED');
      assert.equal(error.details['program'], 'sh');
      assert.equal(error.details['exitCode'], 7);
      return !/of no use|the reason|exit 7/.test(inspect(error, { depth: Infinity }));
    },
  );
  assert.equal(existsSync(join(scene.folder, 'never')), false);
});

test('what a failed hook printed is kept for the machine’s owner alone', async () => {
  await using scene = await openScene('hooks: { stop: [[sh, -c, "echo the reason; exit 7"]] }');
  process.env['HOLDFAST_HOME'] = scene.folder;
  await assert.rejects(scene.step('RunHook', { hook: 'stop' }));
  delete process.env['HOLDFAST_HOME'];
  const path = join(scene.folder, 'logs', 'hooks.log');
  assert.match(readFileSync(path, 'utf8'), /the reason/);
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('a program that is not there is a failed hook with its reason', async () => {
  await using scene = await openScene('hooks: { stop: [[/no/such/program, x]] }');
  await assert.rejects(
    scene.step('RunHook', { hook: 'stop' }),
    (error: { code: string; message: string }) => {
      assert.equal(error.code, 'HOOK_FAILED');
      assert.match(error.message, /ENOENT/);
      return true;
    },
  );
});

test('a daemon that a start hook leaves behind is not waited for, and not ended', async () => {
  await using scene = await openScene(`hooks: { start: [[sh, -c, "sleep 60 & echo $! > FOLDER/pid"]] }`);
  await scene.step('RunHook', { hook: 'start' });
  const pid = Number(readFileSync(join(scene.folder, 'pid'), 'utf8'));
  assert.equal(process.kill(pid, 0), true);
  process.kill(pid, 'SIGKILL');
});

test('a hook does not see what configures Holdfast', async () => {
  await using scene = await openScene(`hooks: { stop: [[sh, -c, "env > FOLDER/env"]] }`);
  process.env['HOLDFAST_CANARY'] = 'canary';
  await scene.step('RunHook', { hook: 'stop' });
  delete process.env['HOLDFAST_CANARY'];
  assert.equal(readFileSync(join(scene.folder, 'env'), 'utf8').includes('canary'), false);
});

test('a hook is told run, epoch and claim, so that it can tell a late one from its successor', async () => {
  await using scene = await openScene(
    `hooks: { stop: [[sh, -c, "env | grep ^HOLDFAST_ | sort > FOLDER/env"]] }`,
  );
  for (const claim of [1, 2]) {
    await scene.step('RunHook', { hook: 'stop' });
    assert.equal(
      readFileSync(join(scene.folder, 'env'), 'utf8'),
      `HOLDFAST_CLAIM=${claim}\nHOLDFAST_EPOCH=1\nHOLDFAST_RUN=${'cd'.repeat(16)}\n`,
    );
  }
});

test('whoever was taken over between two programs of a hook does not start the second', async () => {
  await using scene = await openScene(
    `hooks: { stop: [[sh, -c, "echo one >> FOLDER/out"], [sh, -c, "echo two >> FOLDER/out"]] }`,
  );
  let checks = 0;
  scene.onCheck = async () => {
    checks += 1;
    if (checks === 2) throw new HoldfastError('STAGE_GONE', {});
  };
  await assert.rejects(scene.step('RunHook', { hook: 'stop' }), { code: 'STAGE_GONE' });
  assert.equal(readFileSync(join(scene.folder, 'out'), 'utf8'), 'one\n');
});
