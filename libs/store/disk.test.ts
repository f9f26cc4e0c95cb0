import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readlinkSync } from 'node:fs';
import fs, { mkdir, mkdtemp, open, readdir, rm, writeFile, type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { test, type TestContext } from 'node:test';
import { execaNode } from 'execa';
import { openSmallDisk } from '#libs/testkit/small-disk.ts';
import { storeConformance } from './conformance.ts';
import { diskStore } from './disk.ts';

const CONTENDER = join(import.meta.dirname, 'disk-contender.ts');
const NAMES_PER_RACE = 200;

storeConformance('disk', openRig);
storeConformance('tmpfs', async () => {
  const disk = await openSmallDisk(256 << 20);
  return {
    store: diskStore(join(disk.folder, 'store')),
    [Symbol.asyncDispose]: () => disk[Symbol.asyncDispose](),
  };
});

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

test('bytes are synced before they have their name; the name, and every folder that was made, before the put returns', async (t) => {
  await using rig = await openRig();
  const synced = await watchSyncs(t, rig.folder, 'a/b/c');
  await rig.store.put('a/b/c', Buffer.from('x'), { createOnly: true });
  assert.deepEqual(synced.splice(0), [
    'folder .tmp',
    'folder ',
    'bytes .tmp/*',
    'folder a/b',
    'folder a',
    'folder ',
    'folder a/b with the name',
  ]);
  await rig.store.delete('a/b/c');
  await rig.store.put('a/b/c', Buffer.from('y'), { createOnly: false });
  assert.deepEqual(synced, ['bytes .tmp/*', 'folder a/b with the name']);
});

for (const code of ['EPERM', 'ENOTSUP', 'EMLINK', 'ENOSYS'])
  test(`a file system whose hard links are refused with ${code} is refused by the probe, and keeps nothing`, async (t) => {
    await using rig = await openRig();
    const link = t.mock.method(fs, 'link', () => Promise.reject(Object.assign(new Error(code), { code })));
    syncBuiltinESMExports();
    try {
      await assert.rejects(rig.store.probe(), { code: 'STORE_NOT_CREATE_ONLY' });
      await assert.rejects(rig.store.put('a', Buffer.from('x'), { createOnly: true }), {
        code: 'STORE_NOT_CREATE_ONLY',
      });
    } finally {
      link.mock.restore();
      syncBuiltinESMExports();
    }
    assert.deepEqual(await Array.fromAsync(rig.store.list('')), []);
    assert.deepEqual(await readdir(join(rig.folder, '.tmp')), []);
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

/** What is synced from now on, in its order, and whether the object has its name by then. */
async function watchSyncs(t: TestContext, folder: string, name: string): Promise<string[]> {
  const synced: string[] = [];
  await using handle = await open(folder, 'r');
  const kind = Object.getPrototypeOf(handle) as FileHandle;
  for (const [method, what] of [
    ['datasync', 'bytes'],
    ['sync', 'folder'],
  ] as const) {
    // oxlint-disable-next-line typescript/unbound-method -- called with the handle that it is called on
    const real = kind[method];
    t.mock.method(kind, method, async function (this: FileHandle) {
      await real.call(this);
      const path = relative(folder, readlinkSync(`/proc/self/fd/${this.fd}`));
      const named = existsSync(join(folder, name)) ? ' with the name' : '';
      synced.push(`${what} ${path.replace(/[0-9a-f]{24}$/, '*')}${named}`);
    });
  }
  return synced;
}
