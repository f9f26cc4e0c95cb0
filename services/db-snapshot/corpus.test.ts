import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { wholeOf } from './fixtures/compared.ts';
import { openWorld } from './fixtures/world.ts';

/** Kinds of objects and values, each with a line of its own that says what it is (test/fixtures/database/README.md). */
const KIND = /^-- kind: (.+)$/gm;
const files = globSync('test/fixtures/database/*.sql').toSorted();
const restored = new Set<string>();

for (const file of files)
  test(`P1: every object and value of ${file} comes back as it was`, async () => {
    await using world = await openWorld();
    const text = readFileSync(file, 'utf8').replaceAll(':tag', world.tag);
    const kinds = [...text.matchAll(KIND)].map(([, kind]) => kind!);
    for (const [n, statements] of text.split(KIND).entries())
      if (n > 0 && n % 2 === 0) await world.sql(statements);
    const taken = await world.take();
    const { side } = await world.stage(taken);
    const [was, is] = [await wholeOf(world.live), await wholeOf(side)];
    for (const part of Object.keys(was) as (keyof typeof was)[]) assert.deepEqual(is[part], was[part], part);
    for (const kind of kinds) {
      assert.ok(!restored.has(kind), `two kinds are called ${kind}`);
      restored.add(kind);
    }
  });

test('there are as many kinds as promised, and each of them came back', () => {
  assert.ok(restored.size >= 80, `${restored.size} kinds`);
});
