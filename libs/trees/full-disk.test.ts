import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '#libs/kernel/clock.ts';
import { openSmallDisk } from '#libs/testkit/small-disk.ts';
import { look, openWorld, root, stage, take, unwatched } from './fixtures/world.ts';
import { openTrees } from './open.ts';

/** A small disk with the root on it, and a snapshot of what the root held. */
async function openFullScene() {
  const world = await openWorld();
  const disk = await openSmallDisk(4 << 20);
  const roots = [root('media', join(disk.folder, 'media'))];
  mkdirSync(roots[0]!.path);
  for (const name of ['a', 'b', 'c']) writeFileSync(join(roots[0]!.path, name), randomBytes(512 << 10));
  const taken = await take(world.repository, roots);
  return {
    disk,
    roots,
    taken,
    media: roots[0]!.path,
    repository: world.repository,
    trees: openTrees({ repository: world.repository, clock: systemClock }),
    [Symbol.asyncDispose]: async () => {
      await disk[Symbol.asyncDispose]();
      await world[Symbol.asyncDispose]();
    },
  };
}

test('a disk that fills while a restore is staged is named; the live tree is untouched and the rest can be removed', async () => {
  await using scene = await openFullScene();
  const { disk, roots, taken, media, trees, repository } = scene;
  writeFileSync(join(media, 'a'), 'changed since');
  const live = look(media);
  for (const spare of [0, 16 << 10, 700 << 10]) {
    await disk.fill(spare);
    await assert.rejects(stage(repository, taken, roots), { code: 'SPACE_MISSING' });
    assert.deepEqual(look(media), live, `${spare} bytes were free`);
    await trees.discard(roots, unwatched);
    assert.deepEqual(readdirSync(media).toSorted(), ['a', 'b', 'c'], 'nothing is left, with no byte free');
    await disk.free();
  }
});

test('what is staged is switched and put back with no byte free', async () => {
  await using scene = await openFullScene();
  const { disk, roots, taken, media, trees, repository } = scene;
  const wanted = look(media);
  writeFileSync(join(media, 'a'), 'changed since');
  const live = look(media);
  const staged = await stage(repository, taken, roots);
  await disk.fill();
  assert.deepEqual(await trees.pivot(staged, unwatched), ['media']);
  assert.deepEqual(look(media), wanted);
  assert.deepEqual(await trees.undo(staged, unwatched), ['media']);
  assert.deepEqual(look(media), live);
});

test('too little space, or too few inodes, is a problem of the plan', async () => {
  await using scene = await openFullScene();
  await scene.disk.fill(64 << 10);
  const need = { name: 'media', path: scene.media, single: false, absent: false, bytes: 1 << 20, entries: 4 };
  const { problems } = await scene.trees.probe([need]);
  assert.deepEqual(
    problems.map(({ code, subject }) => `${code} ${subject}`),
    ['SPACE_MISSING media'],
  );
  assert.match(problems[0]!.message, /65536 bytes free/);
});
