import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { test } from 'node:test';
import { execa } from 'execa';

test('the switch waits for the answer to its own wish: one to an earlier wish does not count', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-switch-'));
  try {
    await writeFile(join(folder, 'state'), 'stopped 1');
    const hook = execa(process.execPath, ['deploy/docker/edms-switch.ts', folder, 'stopped'], {
      timeout: 20_000,
    });
    let wish = '';
    while (wish === '') {
      wish = await readFile(join(folder, 'wanted'), 'utf8').catch(() => '');
      await setTimeout(10);
    }
    assert.match(wish, /^stopped \d{10,}$/);
    assert.equal(hook.exitCode, null);
    await writeFile(join(folder, 'state'), wish);
    assert.equal((await hook).exitCode, 0);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
