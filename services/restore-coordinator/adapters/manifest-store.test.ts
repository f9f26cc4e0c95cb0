import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRepository, openRepository } from '#libs/repository/open.ts';
import { memoryStore } from '#libs/store/memory.ts';
import { manifestsOf } from '../fixtures/manifest.ts';

const AHEAD = '20310101T000000Z-00000001';
const NOW = '20261124T010000Z-00000002';

async function openManifests() {
  const store = memoryStore();
  const { identity } = await createRepository({ store });
  const repository = await openRepository({ store, identity });
  const { manifests, commit } = manifestsOf('records', store, repository);
  return {
    store,
    manifests,
    commit,
    latest: async () => (await manifests.read('records', 'latest')).manifest.backupId,
  };
}

test('after a clock was set back the newest backup is the last one that was committed', async () => {
  const { commit, latest, manifests } = await openManifests();
  await commit(AHEAD);
  assert.equal(await latest(), AHEAD);
  await commit(NOW);
  assert.equal(await latest(), NOW);
  const listed = await Array.fromAsync(manifests.list('records'));
  assert.deepEqual(
    listed.map((entry) => ('manifest' in entry ? entry.manifest.backupId : entry)),
    [NOW, AHEAD],
  );
});

test('a backup of some components is listed and read by its id, and never the latest', async () => {
  const { commit, latest, manifests } = await openManifests();
  await commit(AHEAD);
  await commit(NOW, ['config']);
  assert.equal(await latest(), AHEAD);
  assert.equal((await manifests.read('records', NOW)).manifest.backupId, NOW);
  assert.equal((await Array.fromAsync(manifests.list('records'))).length, 2);
});

test('a log that cannot be read keeps nobody from a backup', async () => {
  const { commit, latest, store } = await openManifests();
  await commit(AHEAD);
  await commit(NOW);
  await store.put('deployments/records/log/0000000000.json', Buffer.from('torn'), { createOnly: false });
  assert.equal(await latest(), AHEAD);
});

test('a deployment or a backup whose name is a path has no backup', async () => {
  const { commit, manifests } = await openManifests();
  await commit(NOW);
  for (const deployment of ['records/../records', '../records', 'records/', '', '.', 'x\n', 'records\0'])
    for (const backup of ['latest', NOW]) {
      await assert.rejects(manifests.read(deployment, backup), { code: 'BACKUP_NOT_FOUND' });
      assert.deepEqual(await Array.fromAsync(manifests.list(deployment)), []);
    }
  for (const backup of [`../records/${NOW}`, `${NOW}.json`, `${NOW}\n`, '', '..'])
    await assert.rejects(manifests.read('records', backup), { code: 'BACKUP_NOT_FOUND' });
});
