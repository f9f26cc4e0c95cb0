import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRepository } from '#libs/repository/open.ts';
import { memoryStore } from '#libs/store/memory.ts';
import { lookAtSecond } from './second-store.ts';

test('the same place under another name, and one that holds another repository, are refused; an empty one is none', async () => {
  const store = memoryStore();
  const { id: repositoryId } = await createRepository({ store });
  const look = (second: typeof store) => lookAtSecond({ store, second, repositoryId });
  await look(memoryStore());
  await assert.rejects(look({ ...store, name: 'memory:other' }), { code: 'SECOND_STORE_SAME' });
  const foreign = memoryStore();
  await createRepository({ store: foreign });
  await assert.rejects(look(foreign), { code: 'REPOSITORY_FOREIGN' });
  assert.deepEqual(await Array.fromAsync(store.list('probe/')), []);
});
