import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { describeSystem, observe } from '#test/demo/judge.ts';
import { openTheatre } from '#test/demo/open-theatre.ts';
import { playedWell } from '#test/demo/played-well.ts';
import { beside } from '#test/demo/scenarios/beside.ts';
import { corruption, damageDatabase } from '#test/demo/scenarios/corruption.ts';
import { files } from '#test/demo/scenarios/files.ts';
import { migration } from '#test/demo/scenarios/migration.ts';
import { judgeOnly, type Play, type Theatre } from '#test/demo/theatre.ts';
import { sql } from '#test/findings/on-world.ts';

/** One spiteful world, in which one thing after another happens; the damage is the last, for rollback brings it back. */
describe('scenarios', () => {
  const owned = new AsyncDisposableStack();
  let theatre: Theatre;

  before(async () => {
    theatre = owned.use(await openTheatre({ spiteful: true }));
  });
  after(() => owned.disposeAsync());

  const play = (scenario: Play) => playedWell(scenario, theatre);

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
