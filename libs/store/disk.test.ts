import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { execaNode } from 'execa';
import { openSmallDisk } from '#libs/testkit/small-disk.ts';
import { storeConformance } from './conformance.ts';
import { diskStore } from './disk.ts';

const CONTENDER = join(import.meta.dirname, 'disk-contender.ts');
const NAMES_PER_RACE = 200;

storeConformance('disk', openRig);

test('a half-written file and what others put into the folder are never listed', async () => {
  await using rig = await openRig();
  await mkdir(join(rig.folder, '.tmp'), { recursive: true });
  await writeFile(join(rig.folder, '.tmp', randomBytes(12).toString('hex')), 'torn');
  await writeFile(join(rig.folder, 'not ours.txt'), 'x');
  await writeFile(join(rig.folder, '.hidden'), 'x');
  await rig.store.put('a', Buffer.from('x'), { createOnly: true });
  assert.deepEqual(await Array.fromAsync(rig.store.list('')), [{ name: 'a', bytes: 1 }]);
});

test('a put leaves no file but its own, also when it loses', async () => {
  await using rig = await openRig();
  await rig.store.put('a', Buffer.from('x'), { createOnly: true });
  await assert.rejects(rig.store.put('a', Buffer.from('y'), { createOnly: true }), { code: 'OBJECT_EXISTS' });
  assert.deepEqual(await readdir(join(rig.folder, '.tmp')), []);
});

test('bytes that come back from the disk other than they were written are refused, and nothing has the name', async (t) => {
  await using rig = await openRig();
  await using handle = await open(rig.folder, 'r');
  const kind = Object.getPrototypeOf(handle) as typeof handle;
  t.mock.method(kind, 'read', async (buffer: Buffer) => ({ bytesRead: buffer.length, buffer }));
  await assert.rejects(rig.store.put('a', Buffer.from('x'), { createOnly: true }), { code: 'STORE_REFUSED' });
  assert.equal(await rig.store.head('a'), undefined);
});

test('two processes that race for the same names share them without overlap', async () => {
  await using rig = await openRig();
  const contender = (label: string) =>
    execaNode(CONTENDER, [rig.folder, label, String(NAMES_PER_RACE)], { nodePath: process.execPath });
  const [left, right] = await Promise.all([contender('left'), contender('right')]);
  assert.equal(Number(left.stdout) + Number(right.stdout), NAMES_PER_RACE);
  const kept = await Promise.all(
    Array.from({ length: NAMES_PER_RACE }, async (_, n) => (await rig.store.get(`race/${n}`)).toString()),
  );
  assert.equal(kept.filter((label) => label === 'left').length, Number(left.stdout));
});

test('a name that is a folder, or lies below an object, is refused and neither exists nor is missing by mistake', async () => {
  await using rig = await openRig();
  await rig.store.put('a/b', Buffer.from('x'), { createOnly: true });
  for (const createOnly of [true, false])
    for (const name of ['a', 'a/b/c', 'a/b/c/d'])
      await assert.rejects(rig.store.put(name, Buffer.from('y'), { createOnly }), { code: 'STORE_REFUSED' });
  assert.deepEqual(await Array.fromAsync(rig.store.list('')), [{ name: 'a/b', bytes: 1 }]);
});

test('a put on a full disk is refused by name, leaves nothing, and works again when there is space', async () => {
  await using disk = await openSmallDisk(1 << 20);
  const store = diskStore(join(disk.folder, 'store'));
  await store.put('before', Buffer.from('x'), { createOnly: true });
  for (const [spare, bytes] of [
    [0, 1],
    [64 << 10, 128 << 10],
  ] as const) {
    await disk.fill(spare);
    for (const createOnly of [true, false]) {
      const put = store.put('late/a', randomBytes(bytes), { createOnly });
      await assert.rejects(put, { code: 'STORE_FULL' });
      assert.equal(await store.head('late/a'), undefined);
    }
    assert.deepEqual(await readdir(join(disk.folder, 'store', '.tmp')), []);
    assert.deepEqual(await Array.fromAsync(store.list('')), [{ name: 'before', bytes: 1 }]);
    assert.equal((await store.get('before')).toString(), 'x');
    await store.delete('late/a');
    await disk.free();
  }
  await store.put('late/a', Buffer.from('y'), { createOnly: true });
  assert.equal((await store.get('late/a')).toString(), 'y');
});

test('a store folder that is not there yet is made by the first put', async () => {
  await using rig = await openRig();
  const store = diskStore(`${rig.folder}/deep/er/`);
  assert.deepEqual(await Array.fromAsync(store.list('')), []);
  await store.put('a/b', Buffer.from('x'), { createOnly: true });
  assert.equal((await store.get('a/b')).toString(), 'x');
});

async function openRig() {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-disk-'));
  return {
    folder,
    store: diskStore(folder),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
