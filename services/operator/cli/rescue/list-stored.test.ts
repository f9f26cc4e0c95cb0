import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRepository, openRepository } from '#libs/repository/open.ts';
import { openLogs } from '#libs/saga/logs.ts';
import { memoryStore } from '#libs/store/memory.ts';
import { listStored } from './list-stored.ts';

const ids = ['20261124T010000Z-00000001', '20261125T010000Z-00000002', '20261126T010000Z-00000003'];

test('a rescue lists what is damaged, and nothing that was pruned', async () => {
  const store = memoryStore();
  const { identity } = await createRepository({ store });
  const repository = await openRepository({ store, identity });
  for (const id of ids)
    await store.put(`backups/records/${id}.json`, Buffer.from('torn'), { createOnly: true });
  const tombstone = { kind: 'pruned', runId: 'p', backupId: ids[1]!, reason: 'no rule keeps it' } as const;
  await openLogs(store).append('records', () => tombstone);
  const listed = async () => (await listStored({ store, repository })).map(({ backupId }) => backupId);
  assert.deepEqual(await listed(), [ids[2], ids[0]]);
  await store.put('deployments/records/log/0000000000.json', Buffer.from('torn'), { createOnly: false });
  assert.deepEqual(await listed(), ids.toReversed(), 'a log that cannot be read hides nothing');
});
