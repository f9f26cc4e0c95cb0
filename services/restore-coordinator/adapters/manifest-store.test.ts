import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Manifest } from '#libs/contracts/manifest.ts';
import { COMPONENTS, type ComponentName } from '#libs/contracts/sites.ts';
import { createRepository, openRepository } from '#libs/repository/open.ts';
import { appendToLog, deploymentLog } from '#libs/saga/log.ts';
import { memoryStore } from '#libs/store/memory.ts';
import { manifestStore } from './manifest-store.ts';

const AHEAD = '20310101T000000Z-00000001';
const NOW = '20261124T010000Z-00000002';
const manifestOf = (backupId: string, components: readonly ComponentName[] = COMPONENTS): Manifest => ({
  format: 1,
  repository: 'r',
  backupId,
  runId: backupId.slice(-8).repeat(4),
  deployment: 'records',
  profile: 'plain',
  specVersion: 1,
  specDigest: '',
  principal: 'operator',
  mark: '',
  startedAt: '',
  committedAt: '',
  completeness: 'complete',
  leftOut: [],
  snapshots: components.map((component) => ({
    component,
    id: 's',
    digest: '',
    sourceBytes: 0,
    newBytes: 0,
    packs: [],
    facts: {},
  })),
  verification: { checks: [], notChecked: [] },
  preflight: {},
});

async function openManifests() {
  const store = memoryStore();
  const { identity } = await createRepository({ store });
  const repository = await openRepository({ store, identity });
  const readLog = async (deployment: string) => await deploymentLog(store, deployment).refresh();
  const manifests = manifestStore(store, repository, readLog);
  return {
    store,
    manifests,
    commit: async (backupId: string, components?: readonly ComponentName[]) => {
      const { manifest, digest } = await manifests.commit(manifestOf(backupId, components));
      const event = { kind: 'committed', runId: manifest.runId, backupId, manifestDigest: digest } as const;
      await appendToLog(store, 'records', event);
    },
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
