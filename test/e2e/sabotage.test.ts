import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openTheatre } from '#test/demo/open-theatre.ts';
import { playedWell } from '#test/demo/played-well.ts';
import { kills } from '#test/demo/scenarios/kills.ts';
import { sabotage } from '#test/demo/scenarios/sabotage.ts';
import type { Theatre } from '#test/demo/theatre.ts';

/** One world; total loss first, for a kept old state would hold its role; the pack last, for later backups build on it. */
describe('sabotage', () => {
  const owned = new AsyncDisposableStack();
  let theatre: Theatre;

  before(async () => {
    theatre = owned.use(await openTheatre());
  });
  after(() => owned.disposeAsync());

  for (const what of ['index', 'env', 'file', 'database'] as const)
    test(`harmed ${what}: one restore, and everything is back`, async () => {
      const { sabotage: seen } = await playedWell(sabotage(what), theatre);
      assert.deepEqual(seen, { what, expected: 'full proof', seen: 'full proof', intact: true });
    });

  test('the bus killed within a backup and within a restore: everything is back, and nothing by hand', async () => {
    const what = 'kill-bus';
    const { sabotage: seen } = await playedWell(kills(what), theatre);
    assert.deepEqual(seen, { what, expected: 'full proof', seen: 'full proof', intact: true });
  });

  for (const what of ['manifest', 'pack'] as const)
    test(`harmed ${what}: refused before anything is touched, with what is harmed and an older backup`, async () => {
      const { sabotage: seen } = await playedWell(sabotage(what), theatre);
      assert.deepEqual(seen, { what, expected: 'refusal', seen: 'refusal', intact: true });
    });
});
