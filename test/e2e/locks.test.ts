import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Manifest } from '#libs/contracts/manifest.ts';
import { packObject } from '#libs/repository/pack.ts';
import { credentials, lockedBucket } from '#libs/store/locked-bucket.ts';
import { openStore } from '#libs/store/open-store.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { declareEdited } from '#test/findings/specs.ts';
import { errorOf, openScene, type Scene } from './scene.ts';

const lockFor = (scene: Scene, rules: object) =>
  declareEdited(scene.stack, scene.deployment, (spec) => {
    spec.setIn(['policy', 'lock'], spec.createNode(rules));
  });

interface LockedRun {
  readonly outcome: {
    readonly backupId: string;
    readonly lock: { readonly locked: readonly { backupId: string; until: string }[] };
  };
}

describe('a backup into a bucket with object lock', () => {
  let scene: Scene;
  let store: ObjectStore;
  before(async () => {
    const { address } = await lockedBucket('minio');
    store = openStore(address, credentials);
    const env = {
      HOLDFAST_STORE_ACCESS_KEY: credentials.accessKey,
      HOLDFAST_STORE_SECRET_KEY: credentials.secretKey.reveal(),
    };
    scene = await openScene('locks', { store: address, env });
  });
  after(() => scene[Symbol.asyncDispose]());

  const backUp = async () => {
    const { answer } = await scene.holdfast.expect(0, 'backup', scene.deployment);
    return (answer['run'] as unknown as LockedRun).outcome;
  };

  test('P11: it ends when all it is read from is locked; the second of the day is not, unless it is held; doctor says so', async () => {
    await lockFor(scene, { daily: '2d' });
    const { backupId, lock } = await backUp();
    assert.deepEqual(
      lock.locked.map((each) => each.backupId),
      [backupId],
    );
    const name = `backups/${scene.deployment}/${backupId}.json`;
    const { manifest } = JSON.parse((await store.get(name)).toString()) as { manifest: Manifest };
    const { snapshots } = manifest;
    const packs = snapshots.flatMap((each) => each.packs.map(packObject));
    assert.ok(packs.length > 0);
    const cited = snapshots.map(({ component, id }) => `snapshots/${scene.deployment}/${component}/${id}`);
    const until = Date.parse(lock.locked[0]!.until);
    for (const object of [name, 'holdfast.json', ...cited, ...packs]) {
      const ends = await store.retainedUntil(object);
      assert.ok(ends !== undefined && ends.getTime() >= until, `${object} ${String(ends)}`);
      await assert.rejects(store.delete(object), { code: 'STORE_REFUSED' });
    }
    const { answer } = await scene.holdfast.say('doctor');
    const said = (answer['findings'] as { message: string }[]).map(({ message }) => message);
    assert.ok(
      said.some((message) => message.startsWith(`the newest backup ${backupId} is locked until`)),
      said.join('\n'),
    );
    const second = await backUp();
    assert.deepEqual([second.backupId === backupId, second.lock.locked], [false, []]);
    const itsManifest = `backups/${scene.deployment}/${second.backupId}.json`;
    assert.equal(await store.retainedUntil(itsManifest), undefined);
    const held = [scene.deployment, second.backupId, '--reason', 'before the migration'] as const;
    await scene.holdfast.expect(0, 'backups', 'hold', ...held);
    const ends = await store.retainedUntil(itsManifest);
    assert.ok(ends !== undefined && ends.getTime() > Date.now() + 6 * 86_400_000, String(ends));
  });
});

test('P11: where the store cannot lock, a backup whose policy wants it is refused before it begins', async () => {
  await using scene = await openScene('cannot-lock');
  await lockFor(scene, { daily: '2d' });
  const refused = errorOf(await scene.holdfast.say('backup', scene.deployment));
  assert.deepEqual(
    refused.problems.map(({ code, subject }) => [code, subject]),
    [['STORE_CANNOT_LOCK', 'policy.lock']],
  );
  const { answer } = await scene.holdfast.expect(0, 'backups', 'list', scene.deployment);
  assert.deepEqual(answer['backups'], []);
});
