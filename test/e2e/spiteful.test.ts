import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runDemo } from '#test/demo/run-demo.ts';

test('a system that writes while it is backed up comes back whole, or the backup has said what moved', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-spiteful-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  const result = await runDemo({
    scheme: 'holdfast',
    store: 'disk',
    scale: 'seed',
    rows: 0,
    files: 0,
    seed: 1,
    spiteful: true,
    folder,
    onNote: (note) => context.diagnostic(note),
  });
  context.diagnostic(`flagged: ${JSON.stringify(result.flagged)}`);
  assert.deepEqual(result.oracle.differences, []);
  assert.ok(result.ok, JSON.stringify(result.checks.filter(({ ok }) => !ok)));
  assert.equal(result.restore.manualSteps, 0);
  assert.equal(result.backup.tables, 87);
});
