import assert from 'node:assert/strict';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { systemClock } from '#libs/kernel/clock.ts';
import { realDisk, type Disk } from './disk.ts';
import { look, openWorld } from './fixtures/world.ts';
import { openTrees } from './open.ts';

const need = { single: false, bytes: 1000, entries: 10 };

test('a probe says what a place can do, and leaves it as it was', async () => {
  await using world = await openWorld();
  mkdirSync(world.at('media'));
  writeFileSync(world.at('media', 'a'), 'a');
  const before = look(world.at('media'));
  const trees = openTrees({ repository: world.repository, clock: systemClock });
  const { problems, facts } = await trees.probe([
    { ...need, name: 'media', path: world.at('media') },
    { ...need, name: 'new', path: world.at('not', 'yet') },
    { ...need, name: 'env:.env', path: world.at('.env'), single: true },
    { ...need, name: 'env:a', path: world.at('media', 'a'), single: true },
  ]);
  assert.deepEqual(problems, []);
  assert.deepEqual(
    facts.map(({ exists, writable }) => [exists, writable]),
    [
      [true, true],
      [false, true],
      [false, true],
      [true, true],
    ],
  );
  assert.deepEqual(look(world.at('media')), before);
  assert.equal(existsSync(world.at('media', '.holdfast')), false);
  assert.equal(existsSync(world.at('not')), false);
});

test('places of one file system share its space: bytes and inodes that are missing are both named', async () => {
  await using world = await openWorld();
  mkdirSync(world.at('media'));
  mkdirSync(world.at('other'));
  symlinkSync('other', world.at('link'));
  const disk: Disk = { ...realDisk, space: async () => ({ bytes: 90_000, inodes: 20 }) };
  const trees = openTrees({ repository: world.repository, clock: systemClock, disk });
  const place = (name: string) => ({ ...need, name, path: world.at(name) });
  assert.deepEqual((await trees.probe([{ ...place('media'), entries: 1 }])).problems, []);
  const { problems } = await trees.probe([place('media'), place('other'), place('link')]);
  assert.deepEqual(
    problems.map(({ code, subject }) => [code, subject]),
    [
      ['NOT_WRITABLE', 'link'],
      ['SPACE_MISSING', 'media, other, link'],
      ['SPACE_MISSING', 'media, other, link'],
    ],
  );
});
