import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openSmallDisk, type SmallDisk } from '#libs/testkit/small-disk.ts';
import { errorOf, openScene, type Scene } from './scene.ts';

/** Home and store on file systems of their own that fill up: nothing is called good, and all goes on when there is space. */
let home: SmallDisk;
let store: SmallDisk;
let scene: Scene;
const opened = new AsyncDisposableStack();

before(async () => {
  home = opened.use(await openSmallDisk(96 << 20));
  store = opened.use(await openSmallDisk(96 << 20));
  const places = { home: join(home.folder, 'home'), store: join(store.folder, 'store') };
  scene = opened.use(await openScene('full-disk', places));
  await scene.holdfast.expect(0, 'backup', scene.deployment);
});
after(async () => {
  await store.free();
  await home.free();
  await opened.disposeAsync();
});

const manifests = () => readdir(join(scene.storeFolder, 'backups', scene.deployment));

test('a store without a byte free begins no backup', async () => {
  await store.fill();
  const before = await manifests();
  const spoken = await scene.holdfast.say('backup', scene.deployment);
  console.error('A', JSON.stringify(spoken));
  assert.deepEqual([spoken.exit, errorOf(spoken).code], [5, 'STORE_FULL']);
  assert.deepEqual(await manifests(), before);
  await store.free();
});

test('a store that fills during a backup fails it by name, and the backup after it is whole', async () => {
  const document = join(scene.world.app, 'storage', 'large.bin');
  await writeFile(document, randomBytes(4 << 20));
  const before = await manifests();
  await store.fill(1 << 20);
  const spoken = await scene.holdfast.say('backup', scene.deployment);
  console.error('B', JSON.stringify(spoken.answer));
  assert.deepEqual([spoken.exit, errorOf(spoken).code], [5, 'STORE_FULL']);
  assert.deepEqual(await manifests(), before);
  await store.free();
  await scene.holdfast.expect(0, 'backup', scene.deployment);
  await rm(document);
});

test('a home without a byte free is said by the doctor, and what runs goes on when there is space', async () => {
  await home.fill();
  const a = await scene.holdfast.say('backup', scene.deployment);
  console.error('C', JSON.stringify(a.answer).slice(0, 2000), a.exit);
  const { answer } = await scene.holdfast.say('doctor');
  console.error('D', JSON.stringify(answer));
  await home.free();
  const b = await scene.holdfast.say('backup', scene.deployment);
  console.error('E', JSON.stringify(b.answer).slice(0, 2000), b.exit);
});
