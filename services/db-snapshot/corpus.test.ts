import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { wholeOf } from './fixtures/compared.ts';
import { openWorld } from './fixtures/world.ts';

/** Kinds of objects and values, each with a line of its own that says what it is (test/fixtures/database/README.md). */
const KIND = /^-- kind: /m;
const files = globSync('test/fixtures/database/*.sql').toSorted();
const restored = new Set<string>();

for (const file of files)
  test(`P1: every object and value of ${file} comes back as it was`, async () => {
    await using world = await openWorld();
    const text = readFileSync(file, 'utf8').replaceAll(':tag', world.tag);
    const kinds = text.split(KIND).slice(1);
    // What it is stands in its first line, and is a comment again.
    for (const kind of kinds) await world.sql(`-- ${kind}`);
    const taken = await world.take();
    const { side } = await world.stage(taken);
    const [was, is] = [await wholeOf(world.live), await wholeOf(side)];
    for (const part of Object.keys(was) as (keyof typeof was)[]) assert.deepEqual(is[part], was[part], part);
    for (const kind of kinds) {
      const [name = ''] = kind.split('\n');
      assert.ok(!restored.has(name), `two kinds are called ${name}`);
      restored.add(name);
    }
  });

test('there are as many kinds as promised, and each of them came back', () => {
  assert.ok(restored.size >= 80, `${restored.size} kinds`);
});
