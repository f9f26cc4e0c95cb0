import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { declareWorld, startHoldfast } from '#test/demo/holdfast-scheme.ts';
import { describeSystem, observe } from '#test/demo/judge.ts';
import { beside } from '#test/demo/scenarios/beside.ts';
import { corruption, damageDatabase } from '#test/demo/scenarios/corruption.ts';
import { files } from '#test/demo/scenarios/files.ts';
import { migration } from '#test/demo/scenarios/migration.ts';
import { judgeOnly, type Play, type Played, type Theatre } from '#test/demo/theatre.ts';
import { createWorld, workInIt } from '#test/demo/world.ts';
import { sql } from '#test/findings/on-world.ts';

/** One world, in which one thing after another happens; the damage is the last, for rollback brings it back. */
describe('scenarios', () => {
  const owned = new AsyncDisposableStack();
  let theatre: Theatre;

  before(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-scenarios-'));
    owned.defer(() => rm(folder, { recursive: true, force: true }));
    const size = { scale: 'seed', rows: 0, files: 0, seed: 1 } as const;
    const onNote = () => {};
    const world = owned.use(await createWorld({ ...size, folder: join(folder, 'world'), onNote }));
    await workInIt(world, 1);
    const stack = owned.use(
      await startHoldfast({ home: join(folder, 'home'), store: 'disk', env: world.environment }),
    );
    const deployment = await declareWorld(stack, world);
    theatre = { world, stack, deployment, seed: 1, onNote };
  });
  after(() => owned.disposeAsync());

  const play = async (scenario: Play): Promise<Played> => {
    const played = await scenario(theatre);
    assert.deepEqual(played.oracle.differences, []);
    assert.equal(played.manualSteps, 0);
    const broken = Object.entries(played.promises).filter(([, held]) => !held);
    assert.deepEqual(broken, []);
    return played;
  };

  test('files only: the document store comes back, and nothing else is touched', async () => {
    await play(files);
  });

  test('side by side: new names, equal content, and the living system runs on untouched', async () => {
    await play(beside);
  });

  test('F29: one command makes another deployment of it, with its own names and keys; the original is untouched', async () => {
    await play(migration);
  });

  test('F28: a damaged database alone goes back, and is reconciled with the living files', async () => {
    await play(corruption);
  });

  test('F21: one command brings back what the newest restore switched away, and another one drops it', async () => {
    const { world, stack, deployment } = theatre;
    const { holdfast } = stack;
    const system = describeSystem(world);
    const look = { system, only: 'trees,env' };
    await damageDatabase(world);
    const harmed = await observe(world, { name: 'harmed', system, only: 'database' });
    const harmedFiles = await observe(world, { name: 'harmed-files', ...look });
    await holdfast.expect(0, 'restore', deployment, '--yes');
    await holdfast.expect(0, 'rollback', deployment, '--yes');
    const database = await judgeOnly(world, {
      name: 'back',
      system,
      before: harmed.file,
      only: 'database',
    });
    const trees = await judgeOnly(world, { name: 'back-files', ...look, before: harmedFiles.file });
    assert.deepEqual([database.differences, trees.differences], [[], []]);

    await holdfast.expect(0, 'release', deployment, '--yes');
    const names = await sql(world, `SELECT datname FROM pg_database WHERE datname ~ '_(kept|side)_'`);
    assert.equal(names, '');
    assert.equal(existsSync(join(world.app, 'storage', '.holdfast')), false);
    assert.equal((await holdfast.say('rollback', deployment, '--yes')).answer['error'] !== undefined, true);
  });
});
