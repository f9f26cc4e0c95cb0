import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { memoryStore } from '#libs/store/memory.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { LoggedDeployment, readBackup, takeSnapshot, worldOf } from '../fixtures/deployments.ts';
import { bytesOf } from '../fixtures/generated.ts';
import { MASTER, namesBelow, opened } from '../fixtures/opened.ts';
import { deriveKeys } from '../keys.ts';
import { packObject } from '../pack.ts';
import type { CountedBackup } from './port.ts';

const FILE = 300_000;
const options = { signal: new AbortController().signal, progress: () => {}, repackBytesMax: 2 ** 30 };

/** Each piece of work is a process of its own: nothing is known but what the store holds. */
class Place {
  readonly store: ObjectStore;
  readonly records = new LoggedDeployment('records');
  readonly others: LoggedDeployment[] = [];

  constructor(store: ObjectStore = memoryStore()) {
    this.store = store;
  }

  async backUp(run: string, files: readonly number[], deployment = this.records): Promise<CountedBackup> {
    deployment.open(run);
    const backup = await this.take(run, files, deployment);
    deployment.commit(backup);
    deployment.close(run);
    return backup;
  }

  take(run: string, files: readonly number[], deployment = this.records): Promise<CountedBackup> {
    const contents = files.map((seed) => bytesOf(seed, FILE));
    return takeSnapshot(opened(this.store), { deployment: deployment.name, run, files: contents });
  }

  clean(keys?: Parameters<typeof opened>[1], repackBytesMax = options.repackBytesMax) {
    const world = worldOf([this.records, ...this.others]);
    return opened(this.store, keys).clean(world, { ...options, repackBytesMax });
  }

  async assertWhole(backup: CountedBackup, files: readonly number[], keys?: Parameters<typeof opened>[1]) {
    const read = await readBackup(opened(this.store, keys), 'records', backup);
    assert.ok(read.equals(Buffer.concat(files.map((seed) => bytesOf(seed, FILE)))), backup.backupId);
  }
}

test('what only a forgotten backup needs is condemned, then deleted; what others need stays', async () => {
  const place = new Place();
  const first = await place.backUp('first', [1, 2]);
  const second = await place.backUp('second', [2, 3]);
  place.records.prune('first');
  const condemning = await place.clean();
  assert.deepEqual([condemning.deleted, condemning.list], [0, 1]);
  await place.assertWhole(first, [1, 2]);
  const deleting = await place.clean();
  assert.ok(deleting.deleted > 0 && deleting.deletedBytes > FILE, JSON.stringify(deleting));
  await place.assertWhole(second, [2, 3]);
  await assert.rejects(place.assertWhole(first, [1, 2]));
  const { deleted, condemned, waiting } = await place.clean();
  assert.deepEqual([deleted, condemned, waiting], [0, 0, 0], 'there is nothing left to do');
  const used = (await namesBelow(place.store, 'packs/')).length;
  assert.equal(used, 2, 'one pack with what second shares, one with its own');
});

test('nothing that was condemned goes while a run that is older than the list is open', async () => {
  const place = new Place();
  await place.backUp('first', [1]);
  place.records.prune('first');
  const other = new LoggedDeployment('archive');
  place.others.push(other);
  other.open('older');
  await place.clean();
  other.open('younger');
  const before = await namesBelow(place.store, 'packs/');
  assert.equal((await place.clean()).deleted, 0);
  assert.deepEqual(await namesBelow(place.store, 'packs/'), before);
  other.close('older');
  assert.ok((await place.clean()).deleted > 0);
});

test('a run that relied on a pack before it was condemned keeps it', async () => {
  const place = new Place();
  await place.backUp('first', [1, 2]);
  place.records.open('late');
  const late = await place.take('late', [2]);
  place.records.prune('first');
  await place.clean();
  place.records.commit(late);
  place.records.close('late');
  await place.clean();
  await place.clean();
  await place.assertWhole(late, [2]);
});

test('a writer does not rely on what is condemned', async () => {
  const place = new Place();
  const first = await place.backUp('first', [1]);
  place.records.prune('first');
  await place.clean();
  const again = await place.backUp('again', [1]);
  assert.ok(first.snapshots[0]!.packs.every((pack) => !again.snapshots[0]!.packs.includes(pack)));
  await place.clean();
  await place.assertWhole(again, [1]);
});

test('packs of a run under way are let be, and left ones go when nobody writes', async () => {
  const place = new Place();
  await place.backUp('first', [1]);
  place.records.open('running');
  await place.take('running', [2]);
  const { condemned } = await place.clean();
  assert.equal(condemned, 0);
  place.records.close('running');
  await place.clean();
  assert.ok((await place.clean()).deleted >= 2, 'its snapshot and its pack');
});

test('a pack of which little is needed is written again, and the old one goes', async () => {
  const place = new Place();
  await place.backUp('first', [1, 2, 3, 4]);
  const second = await place.backUp('second', [4]);
  place.records.prune('first');
  const stale = opened(place.store);
  const lastingOf = async (repository: typeof stale) => {
    const { streams } = await repository.readSnapshot({ deployment: 'records', ...second.snapshots[0]! });
    return await (
      await repository.lastingPacks(options)
    )({ streams });
  };
  const before = await lastingOf(stale);
  const { repackedPacks, resealedPacks } = await place.clean();
  assert.deepEqual([repackedPacks, resealedPacks], [1, 0]);
  const lasting = await lastingOf(stale);
  assert.ok(!before.isSubsetOf(lasting), 'not the condemned pack, whatever was known of it');
  await place.clean();
  assert.deepEqual(new Set(await namesBelow(place.store, 'packs/')), new Set([...lasting].map(packObject)));
  await place.assertWhole(second, [4]);
  const { streams } = await opened(place.store).readSnapshot({
    deployment: 'records',
    ...second.snapshots[0]!,
  });
  const now = await opened(place.store).neededPacks({ streams });
  assert.deepEqual(new Set(await namesBelow(place.store, 'packs/')), new Set([...now].map(packObject)));
  assert.ok(!now.isSubsetOf(new Set(second.snapshots[0]!.packs)), 'it lies elsewhere than it was written');
  await opened(place.store).rebuildIndex();
  await place.assertWhole(second, [4]);
});

test('packs of an old key epoch are sealed again, some at a time, until the old key opens nothing', async () => {
  const place = new Place();
  const backups = [await place.backUp('a', [1]), await place.backUp('b', [2]), await place.backUp('c', [3])];
  const keys = deriveKeys([MASTER, Buffer.alloc(32, 7)]);
  for (const _ of backups) assert.equal((await place.clean(keys, 1)).resealedPacks, 1);
  assert.equal((await place.clean(keys, 1)).resealedPacks, 0);
  await place.clean(keys);
  for (const [n, backup] of backups.entries()) await place.assertWhole(backup, [n + 1], keys);
  for (const name of await namesBelow(place.store, 'packs/'))
    await assert.rejects(opened(place.store).verifyPack(name.slice(-64)), (error: HoldfastError) => {
      return error.code === 'PACK_DAMAGED';
    });
});

test('a store that refuses to delete keeps what it has, and cleaning goes on', async () => {
  const store = memoryStore();
  const locked: ObjectStore = {
    ...store,
    delete: (name) => Promise.reject(new HoldfastError('STORE_REFUSED', { object: name })),
  };
  const place = new Place(locked);
  await place.backUp('first', [1]);
  const second = await place.backUp('second', [2]);
  place.records.prune('first');
  await place.clean();
  const { deleted, refused, waiting } = await place.clean();
  assert.equal(deleted, 0);
  assert.ok(refused > 0 && waiting === refused, `${refused} ${waiting}`);
  await place.assertWhole(second, [2]);
});

test('where it is not known what a backup needs, nothing is removed', async () => {
  const place = new Place();
  await place.backUp('first', [1]);
  const second = await place.backUp('second', [2]);
  place.records.prune('first');
  const { id } = second.snapshots[0]!;
  await place.store.put(`snapshots/records/files/${id}`, Buffer.from('torn'), { createOnly: false });
  const before = await namesBelow(place.store, '');
  const unsafe = (error: HoldfastError) =>
    error.code === 'CLEANING_UNSAFE' && error.problems[0]?.subject.endsWith(id) === true;
  await assert.rejects(place.clean(), unsafe);
  assert.deepEqual(await namesBelow(place.store, ''), before);
});

test('a torn list stops cleaning, and writers rely on nothing', async () => {
  const place = new Place();
  const first = await place.backUp('first', [1]);
  await place.backUp('second', [2]);
  place.records.prune('second');
  await place.clean();
  const list = await place.store.get('condemned/00000001.json');
  list[40]! ^= 1;
  await place.store.put('condemned/00000001.json', list, { createOnly: false });
  await assert.rejects(place.clean(), (error: HoldfastError) => error.code === 'CLEANING_UNSAFE');
  const third = await place.backUp('third', [1]);
  assert.ok(first.snapshots[0]!.packs.every((pack) => !third.snapshots[0]!.packs.includes(pack)));
});

test('a list that a log knows of and the store has not stops cleaning', async () => {
  const place = new Place();
  await place.backUp('first', [1]);
  place.records.prune('first');
  await place.clean();
  await place.store.delete('condemned/00000001.json');
  await assert.rejects(place.clean(), (error: HoldfastError) => error.code === 'CLEANING_UNSAFE');
});
