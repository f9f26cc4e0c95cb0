import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRepository, openRepository } from '#libs/repository/open.ts';
import { openLogs } from '#libs/saga/logs.ts';
import { memoryStore } from '#libs/store/memory.ts';
import type { ObjectStore } from '#libs/store/port.ts';
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
    repository,
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

test('a manifest that was taken away is no backup, and one without an entry in the log is', async () => {
  const { commit, latest, store, manifests } = await openManifests();
  for (const id of [NOW, AHEAD]) await commit(id);
  const [older, old] = ['20250101T000000Z-00000001', '20250102T000000Z-00000002'];
  for (const id of [older, old]) await commit(id);
  await store.delete(`backups/records/${old}.json`);
  assert.equal(await latest(), older);
  for (const n of [0, 1, 2, 3]) await store.delete(`deployments/records/log/000000000${n}.json`);
  const listed = await Array.fromAsync(manifests.list('records'));
  assert.deepEqual(
    listed.map((entry) => ('manifest' in entry ? entry.manifest.backupId : entry)),
    [AHEAD, NOW, older],
  );
});

test('a pruned backup is neither listed nor read nor the latest, whether its manifest is gone or not', async () => {
  const { commit, latest, manifests, store } = await openManifests();
  for (const id of [NOW, AHEAD]) await commit(id);
  const event = { kind: 'pruned', runId: 'p', backupId: AHEAD, reason: 'no rule keeps it' } as const;
  await openLogs(store).append('records', () => event);
  for (const _ of ['manifest there', 'manifest gone']) {
    assert.equal(await latest(), NOW);
    assert.deepEqual(await manifests.ids('records'), [NOW]);
    assert.equal((await Array.fromAsync(manifests.list('records'))).length, 1);
    await assert.rejects(manifests.read('records', AHEAD), { code: 'BACKUP_NOT_FOUND' });
    await store.delete(`backups/records/${AHEAD}.json`);
  }
});

test('the newest backup is found without a walk over all of them', async () => {
  const { commit, store, repository } = await openManifests();
  for (let n = 10; n < 90; n += 1) await commit(`20260101T0000${n % 60}Z-000000${n}`);
  let seen = 0;
  const counting: ObjectStore = {
    ...store,
    list: async function* (...args) {
      for await (const each of store.list(...args)) {
        seen += 1;
        yield each;
      }
    },
  };
  const { manifests } = manifestsOf('records', counting, repository);
  const last = (await manifests.read('records', 'latest')).manifest.backupId;
  assert.equal(last, '20260101T000029Z-00000089');
  assert.ok(seen < 10, `${seen} names`);
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
