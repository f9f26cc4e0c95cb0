import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { declareEdited } from '#test/findings/specs.ts';
import { errorOf, openScene, type Scene } from './scene.ts';

describe('prune', () => {
  let scene: Scene;
  /** Oldest first. */
  const taken: string[] = [];
  before(async () => {
    scene = await openScene('prune');
    while (taken.length < 5) {
      // Content that only this backup needs.
      await writeFile(join(scene.world.app, 'storage/media/only-now.bin'), randomBytes(400_000));
      await scene.holdfast.expect(0, 'backup', scene.deployment);
      taken.push((await listed())[0]!);
    }
  });
  after(() => scene[Symbol.asyncDispose]());

  async function listed(): Promise<readonly string[]> {
    const { answer } = await scene.holdfast.expect(0, 'backups', 'list', scene.deployment);
    return (answer['backups'] as readonly { backupId: string }[]).map(({ backupId }) => backupId);
  }

  async function packsStored(): Promise<number> {
    const names = await readdir(join(scene.storeFolder, 'packs'), { recursive: true, withFileTypes: true });
    return names.filter((entry) => entry.isFile()).length;
  }

  test('without policy.keep a prune forgets nothing', async () => {
    await scene.holdfast.expect(0, 'prune', scene.deployment, '--yes');
    assert.deepEqual(await listed(), taken.toReversed());
  });

  test('P11: by count backups go, from the list and then from the store; what is kept or held reads whole', async () => {
    const { holdfast, deployment } = scene;
    const [held, second, third, fourth, fifth] = taken as [string, string, string, string, string];
    await holdfast.expect(0, 'backups', 'hold', deployment, held, '--reason', 'before the migration');
    const before = await packsStored();
    await declareEdited(scene.stack, deployment, (spec) => {
      spec.setIn(['policy', 'keep'], spec.createNode({ last: 2 }));
    });
    const looked = await holdfast.expect(0, 'prune', deployment, '--dry-run');
    const { choices } = looked.answer['plan'] as { choices: readonly { backupId: string; kept: boolean }[] };
    assert.deepEqual(
      choices.filter(({ kept }) => kept).map(({ backupId }) => backupId),
      [fifth, fourth, held],
    );
    for (const _ of ['names what nothing needs', 'removes it'])
      await holdfast.expect(0, 'prune', deployment, '--yes');
    assert.deepEqual(await listed(), [fifth, fourth, held]);
    assert.ok((await packsStored()) < before);
    for (const id of [fifth, fourth, held]) await holdfast.expect(0, 'verify', deployment, '--backup', id);
    for (const id of [second, third]) {
      const refused = await holdfast.expect(2, 'verify', deployment, '--backup', id);
      assert.equal(errorOf(refused).code, 'BACKUP_NOT_FOUND');
    }
    await holdfast.expect(0, 'audit', '--store', scene.storeFolder);
    const { answer } = await holdfast.say('doctor');
    const said = (answer['findings'] as { message: string }[]).map(({ message }) => message);
    assert.ok(
      said.some((message) => message.startsWith('kept: last 2; last prune ')),
      said.join('\n'),
    );
  });

  test('a hold that is lifted leaves the backup to the policy, and the next backup is like any other', async () => {
    const { holdfast, deployment } = scene;
    const [held, , , , fifth] = taken as [string, string, string, string, string];
    await holdfast.expect(0, 'backups', 'unhold', deployment, held);
    await holdfast.expect(0, 'backup', deployment);
    const [newest] = await listed();
    for (const _ of ['names what nothing needs', 'removes it'])
      await holdfast.expect(0, 'prune', deployment, '--yes');
    assert.deepEqual(await listed(), [newest, fifth]);
    for (const id of [newest!, fifth]) await holdfast.expect(0, 'verify', deployment, '--backup', id);
  });
});
