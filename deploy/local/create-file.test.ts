import assert from 'node:assert/strict';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openSmallDisk } from '#libs/testkit/small-disk.ts';
import { createFile } from './create-file.ts';
import { prepareHome } from './home.ts';

test('on a full disk no empty secret is left, and the home is made when there is space', async () => {
  await using disk = await openSmallDisk(256 << 10);
  const folder = join(disk.folder, 'home');
  await disk.fill();
  await assert.rejects(prepareHome(folder), { code: 'SPACE_MISSING', details: { folder } });
  assert.deepEqual(
    (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()),
    [],
  );
  await disk.free();
  const { tokenFile, natsTokenFile } = await prepareHome(folder);
  for (const file of [tokenFile, natsTokenFile]) {
    assert.match(await readFile(file, 'utf8'), /^[0-9a-f]{64}\n$/);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
  }
});

test('a file that is there is never overwritten', async () => {
  await using disk = await openSmallDisk(64 << 10);
  const path = join(disk.folder, 'key');
  assert.equal(await createFile(path, 'first'), true);
  assert.equal(await createFile(path, 'second'), false);
  assert.equal(await readFile(path, 'utf8'), 'first');
  assert.deepEqual(await readdir(disk.folder), ['key']);
});
