import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openServers } from './fixtures/servers.ts';
import { openWorld } from './fixtures/world.ts';

test('H12: a newer client alone on the machine backs up an older server and restores into it', async () => {
  await using servers = await openServers();
  const old = servers.all.find(({ major }) => major === 16)!;
  const server = { ...old, bin: servers.all.at(-1)!.bin };
  await using world = await openWorld({ server });
  await world.sql('CREATE TABLE t (id int); INSERT INTO t VALUES (1)');
  const { side } = await world.stage(await world.take());
  assert.deepEqual(await world.rows('SELECT * FROM public.t', side), [{ id: 1 }]);
});
