import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import { test } from 'node:test';
import { openWorld } from './fixtures/world.ts';
import { removeTree } from './remove-tree.ts';

test('several who remove one tree at once meet what vanished, and each ends well', async () => {
  await using world = await openWorld();
  // Folders alone, every other one without write access: their listing and their change of mode meet the removal.
  for (let n = 0; n < 300; n += 1)
    mkdirSync(world.at('tree', `${n}`), { recursive: true, mode: n % 2 === 0 ? 0o700 : 0o500 });
  await Promise.all(Array.from({ length: 6 }, () => removeTree(world.at('tree'))));
  assert.equal(existsSync(world.at('tree')), false);
});

test('what a sign of life throws ends the removal', async () => {
  await using world = await openWorld();
  mkdirSync(world.at('tree', 'a'), { recursive: true });
  let left = 1;
  const removing = removeTree(world.at('tree'), () => {
    if (left === 0) throw new Error('aborted');
    left -= 1;
  });
  await assert.rejects(removing, { message: 'aborted' });
  assert.equal(existsSync(world.at('tree', 'a')), true);
});
