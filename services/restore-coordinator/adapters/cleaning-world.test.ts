import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRepository, openRepository } from '#libs/repository/open.ts';
import type { DeploymentView } from '#libs/repository/cleaning/port.ts';
import { CHECKPOINT_EVERY } from '#libs/saga/checkpoints.ts';
import type { LogEvent } from '#libs/saga/log.ts';
import { openLogs } from '#libs/saga/logs.ts';
import { memoryStore } from '#libs/store/memory.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { manifestsOf } from '../fixtures/manifest.ts';
import { cleaningWorld } from './cleaning-world.ts';

const [OLD, NEW] = ['20261124T010000Z-00000001', '20261125T010000Z-00000002'];

const opened = (runId: string, runKind: string): LogEvent => ({
  kind: 'opened',
  runId,
  runKind,
  exclusive: false,
  principal: 'p',
});
const closed = (runId: string): LogEvent => ({ kind: 'closed', runId, outcome: 'completed' });
const condemned = (list: number): LogEvent => ({ kind: 'condemned', list });
const pruned = (backupId: string): LogEvent => ({ kind: 'pruned', runId: 'p', backupId, reason: 'r' });

async function openWorld(deployments: readonly string[] = ['records']) {
  const store = memoryStore();
  const { identity } = await createRepository({ store });
  const repository = await openRepository({ store, identity });
  const logs = openLogs(store);
  const { manifests, commit } = manifestsOf('records', store, repository);
  const worldOn = (inner: ObjectStore) =>
    cleaningWorld({
      store: inner,
      logs: openLogs(inner),
      manifests: manifestsOf('records', inner, repository).manifests,
      listDeployments: async () => deployments,
    });
  return {
    store,
    manifests,
    commit,
    worldOn,
    world: worldOn(store),
    append: async (...events: readonly LogEvent[]) => {
      for (const event of events) await logs.append('records', () => event);
    },
    kinds: async (deployment: string) => (await openLogs(store).read(deployment)).map(({ event }) => event),
  };
}

async function lookAt(
  { world }: Awaited<ReturnType<typeof openWorld>>,
  name = 'records',
): Promise<DeploymentView> {
  return (await world.look()).find(({ deployment }) => deployment === name)!;
}

const idsOf = ({ backups }: DeploymentView) => backups.map(({ backupId }) => backupId);

test('what counts is what is committed, by the log or by a manifest, and not pruned', async () => {
  const scene = await openWorld();
  await scene.commit(OLD);
  const { manifest } = await scene.manifests.read('records', OLD);
  await scene.manifests.commit({ ...manifest, backupId: NEW });
  assert.deepEqual(idsOf(await lookAt(scene)), [OLD, NEW]);
  await scene.append(pruned(OLD));
  const view = await lookAt(scene);
  assert.deepEqual([idsOf(view), view.pruned], [[NEW], [OLD]]);
  assert.deepEqual(
    view.backups[0]!.snapshots.map(({ component }) => component),
    ['database', 'files', 'config'],
  );
});

test('a backup of a deployment that nobody declares counts as well, and its log is marked', async () => {
  const scene = await openWorld([]);
  await scene.commit(OLD);
  assert.deepEqual(idsOf(await lookAt(scene)), [OLD]);
  await scene.world.mark(1);
  assert.deepEqual((await scene.kinds('records')).at(-1), condemned(1));
});

test('runs that write are backups; all open ones are named', async () => {
  const scene = await openWorld();
  await scene.append(opened('d', 'drill'), opened('p', 'prune'));
  let view = await lookAt(scene);
  assert.deepEqual([view.isWriting, [...view.openRuns]], [false, ['d', 'p']]);
  await scene.append(opened('b', 'backup'), { kind: 'taken-over', runId: 'b' });
  view = await lookAt(scene);
  assert.deepEqual([view.isWriting, [...view.openRuns]], [true, ['d', 'p', 'b']]);
  await scene.append(closed('b'));
  assert.equal((await lookAt(scene)).isWriting, false);
});

const settledAt = async (scene: Awaited<ReturnType<typeof openWorld>>) => {
  const view = await lookAt(scene);
  return [1, 2, 3].filter((list) => view.isSettled(list));
};

test('a list is settled when it was marked and every run opened before is closed', async () => {
  const scene = await openWorld();
  assert.deepEqual(await settledAt(scene), [], 'no mark');
  await scene.append(opened('before', 'backup'), condemned(1));
  assert.deepEqual(await settledAt(scene), [], 'a run from before is open');
  await scene.append(opened('after', 'backup'), closed('before'));
  assert.deepEqual(await settledAt(scene), [1], 'a run from after may be open');
  await scene.append(condemned(2));
  assert.deepEqual(await settledAt(scene), [1], 'for the next list it is one from before');
  await scene.append(closed('after'), condemned(3));
  assert.deepEqual(await settledAt(scene), [1, 2, 3]);
});

test('a newer mark settles what an older one does not need to be there for', async () => {
  const scene = await openWorld();
  await scene.append(condemned(3));
  assert.deepEqual(await settledAt(scene), [1, 2, 3]);
});

test('prunes are not waited for', async () => {
  const scene = await openWorld();
  await scene.append(opened('p', 'prune'), condemned(1));
  assert.deepEqual(await settledAt(scene), [1]);
});

test('a run that was taken over is as old as it was', async () => {
  const scene = await openWorld();
  await scene.append(opened('b', 'restore'), condemned(1), { kind: 'taken-over', runId: 'b' });
  assert.deepEqual(await settledAt(scene), []);
  await scene.append(closed('b'));
  assert.deepEqual(await settledAt(scene), [1]);
});

test('a long log settles no more than the whole, and remembers runs from before', async () => {
  const scene = await openWorld();
  await scene.append(opened('long', 'drill'), condemned(1));
  for (let n = 0; n < 2 * CHECKPOINT_EVERY; n += 1)
    await scene.append(opened(`r${n}`, 'backup'), closed(`r${n}`));
  const view = (await scene.worldOn(scene.store).look())[0]!;
  assert.equal(view.isSettled(1), false);
  await scene.append(closed('long'));
  assert.equal((await scene.worldOn(scene.store).look())[0]!.isSettled(1), true);
});

test('a mark is in every log once, and an older one in none that has a newer', async () => {
  const scene = await openWorld(['records', 'archive']);
  for (const list of [0, 2, 2, 1]) await scene.world.mark(list);
  for (const deployment of ['records', 'archive'])
    assert.deepEqual(await scene.kinds(deployment), [condemned(2)]);
});

test('while a manifest is damaged or gone nothing is known of its needs, and that is said', async () => {
  const scene = await openWorld();
  await scene.commit(OLD);
  const name = `backups/records/${OLD}.json`;
  await scene.store.put(name, Buffer.from('torn'), { createOnly: false });
  const refusal = { code: 'MANIFEST_DAMAGED', remedy: /copy of the store/ };
  await assert.rejects(scene.world.look(), refusal);
  await scene.store.delete(name);
  await assert.rejects(scene.world.look(), refusal);
  await scene.append(pruned(OLD));
  assert.deepEqual(idsOf(await lookAt(scene)), [], 'a pruned one needs nothing');
});

test('a backup that is forgotten, and removed, while the world is looked at does not count', async () => {
  const scene = await openWorld();
  for (const id of [OLD, NEW]) await scene.commit(id);
  let once = true;
  const store: ObjectStore = {
    ...scene.store,
    async head(name, options) {
      if (once && name === `backups/records/${OLD}.json`) {
        once = false;
        await scene.append(pruned(OLD));
        await scene.store.delete(name);
      }
      return await scene.store.head(name, options);
    },
  };
  const [view] = await scene.worldOn(store).look();
  assert.deepEqual([idsOf(view!), view!.pruned], [[NEW], [OLD]]);
});
