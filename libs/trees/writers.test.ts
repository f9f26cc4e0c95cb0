import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { systemClock } from '#libs/kernel/clock.ts';
import { look, openWorld, root, stage, take, unwatched } from './fixtures/world.ts';
import { openTrees } from './open.ts';

/** A program that has the file open until it is disposed. */
async function holding(redirection: '>>' | '<', path: string) {
  const script = `exec 3${redirection} "$1"; echo ready; exec sleep 600`;
  const child = spawn('sh', ['-c', script, 'sh', path], { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(child.stdout, 'data');
  return {
    pid: child.pid!,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

async function openScene() {
  const world = await openWorld();
  const rootsAt = (side: string) => [
    root('env:.env', world.at(side, '.env'), { single: true }),
    root('media', world.at(side, 'media')),
  ];
  for (const side of ['source', 'live']) {
    mkdirSync(world.at(side, 'media', 'sub'), { recursive: true });
    writeFileSync(world.at(side, 'media', 'sub', 'log'), side);
    writeFileSync(world.at(side, '.env'), `FROM=${side}\n`);
  }
  const staged = await stage(
    world.repository,
    await take(world.repository, rootsAt('source')),
    rootsAt('live'),
  );
  const trees = openTrees({ repository: world.repository, clock: systemClock });
  return {
    log: world.at('live', 'media', 'sub', 'log'),
    env: world.at('live', '.env'),
    pivot: () => trees.pivot(staged, unwatched),
    undo: () => trees.undo(staged, unwatched),
    seen: (side: string) => rootsAt(side).flatMap(({ path }) => look(path)),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

for (const which of ['log', 'env'] as const)
  test(`who still has the ${which} open for writing is named, and nothing is moved until it has ended`, async () => {
    await using scene = await openScene();
    const old = scene.seen('live');
    {
      await using writer = await holding('>>', scene[which]);
      await assert.rejects(scene.pivot(), (error: { code: string; problems: { message: string }[] }) => {
        assert.equal(error.code, 'PLACE_IN_USE');
        assert.deepEqual(
          error.problems.map(({ message }) => message),
          [`process ${writer.pid} (sleep) has ${scene[which]} open for writing`],
        );
        return true;
      });
      assert.deepEqual(scene.seen('live'), old);
    }
    await scene.pivot();
    assert.deepEqual(scene.seen('live'), scene.seen('source'));
  });

test('who reads hinders nobody, and taking back is never refused', async () => {
  await using scene = await openScene();
  const old = scene.seen('live');
  await using _reader = await holding('<', scene.log);
  await scene.pivot();
  await using _writer = await holding('>>', scene.log);
  await scene.undo();
  assert.deepEqual(scene.seen('live'), old);
});
