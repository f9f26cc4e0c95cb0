import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { memoryStore } from '#libs/store/memory.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { dependenciesOn } from './readiness.ts';

type Head = ObjectStore['head'];

/** A store that answers `head` as the test says, and the names it was asked for. */
function storeThat(head: () => ReturnType<Head>): { store: ObjectStore; asked: string[] } {
  const asked: string[] = [];
  return { store: { ...memoryStore(), head: (name) => (asked.push(name), head()) }, asked };
}

test('a process is ready while its bus is connected and its store holds a repository', async () => {
  const { store } = storeThat(async () => ({ bytes: 1 }));
  const dependencies = dependenciesOn(store);
  let told = 0;
  dependencies.onChange(() => (told += 1));
  assert.equal(await dependencies.isReady(), true);
  dependencies.setConnected(false);
  assert.equal(await dependencies.isReady(), false);
  dependencies.setConnected(true);
  assert.equal(await dependencies.isReady(), true);
  assert.equal(told, 2);
});

for (const [name, head] of [
  ['fails', () => Promise.reject(new HoldfastError('STORE_UNREACHABLE'))],
  ['holds no repository', () => Promise.resolve(undefined)],
  ['hangs', () => new Promise<undefined>(() => {})],
] as const)
  test(`a process whose store ${name} is not ready`, async () => {
    assert.equal(await dependenciesOn(storeThat(head).store).isReady(), false);
  });

test('however many ask at once, the store is looked at once, and a look that hangs is not repeated', async () => {
  const { promise, resolve } = Promise.withResolvers<{ bytes: number }>();
  const { store, asked } = storeThat(() => promise);
  const dependencies = dependenciesOn(store);
  const answers = Promise.all(Array.from({ length: 50 }, () => dependencies.isReady()));
  assert.deepEqual(new Set(await answers), new Set([false]));
  // The first look is over, by time; its request is not.
  assert.equal(await dependencies.isReady(), false);
  assert.deepEqual(asked, ['holdfast.json']);
  resolve({ bytes: 1 });
});
