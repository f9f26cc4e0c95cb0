import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { describeSystem, judge, observeWhole } from '#test/demo/judge.ts';
import { backupLegacy, restoreLegacy } from '#test/demo/legacy.ts';
import { createWorld, destroyWorld, workInIt } from '#test/demo/world.ts';
import { FINDINGS } from '#test/findings/findings.ts';
import legacyRed from '#test/findings/legacy-red.json' with { type: 'json' };

test('the old way is red on exactly the committed findings', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-legacy-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  const onNote = (note: string) => context.diagnostic(note);
  await using world = await createWorld({ folder, scale: 'small', rows: 0, files: 0, seed: 1, onNote });
  await workInIt(world, 1);
  const system = describeSystem(world);
  const before = await observeWhole(world, { name: 'before', system });
  const untouched = await judge(world, { name: 'untouched', system, before });
  assert.deepEqual(untouched.verdict.differences, [], 'a system that nobody harmed is equal to its record');

  const saved = await backupLegacy(world);
  await destroyWorld(world);
  const { manualSteps } = await restoreLegacy(world, saved);
  const { verdict, after } = await judge(world, { name: 'after', system, before });

  const seen = { before: before.state, after, over: undefined, process: undefined };
  const red = FINDINGS.filter((finding) => !finding.holds(seen)).map(({ id }) => id);
  assert.equal(verdict.ok, false);
  assert.equal(manualSteps, 5);
  assert.deepEqual(red, legacyRed);
});
