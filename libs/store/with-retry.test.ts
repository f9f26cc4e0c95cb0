import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { memoryStore } from './memory.ts';
import type { ObjectStore } from './port.ts';
import { withRetry } from './with-retry.ts';

const NAMES = ['a', 'b', 'c', 'd', 'e'];

test('a listing that breaks off goes on after the last name it gave', async () => {
  const store = withRetry(await brokenListing(2), { pausesMs: [1, 1], random: () => 0 });
  assert.deepEqual(
    (await Array.fromAsync(store.list(''))).map(({ name }) => name),
    NAMES,
  );
});

test('a listing that never gets further ends in the error of the store', async () => {
  const store = withRetry(await brokenListing(0), { pausesMs: [1, 1], random: () => 0 });
  await assert.rejects(Array.fromAsync(store.list('')), { code: 'STORE_UNREACHABLE' });
});

test('an object that a second try meets is its own only when it has its bytes', async () => {
  for (const arrived of ['mine', 'other']) {
    const store = memoryStore();
    let tries = 0;
    const flaky: ObjectStore = {
      ...store,
      async put(name, bytes, how) {
        tries += 1;
        if (tries > 1) return await store.put(name, bytes, how);
        await store.put(name, Buffer.from(arrived), how);
        throw new HoldfastError('STORE_UNREACHABLE');
      },
    };
    const put = withRetry(flaky, { pausesMs: [1] }).put('a', Buffer.from('mine'), { createOnly: true });
    await (arrived === 'mine' ? put : assert.rejects(put, { code: 'OBJECT_EXISTS' }));
    assert.equal(tries, 2);
  }
});

test('a store that says when to come again is not asked before', async () => {
  let tries = 0;
  const busy: ObjectStore = {
    ...memoryStore(),
    async head() {
      tries += 1;
      throw new HoldfastError('STORE_THROTTLED', { retryAfterMs: 30_000 });
    },
  };
  const leaving = new AbortController();
  const asked = withRetry(busy, { pausesMs: [1, 1] }).head('a', { signal: leaving.signal });
  // Timers fire in their order: by now the store's own pauses are over.
  await pause(50);
  assert.equal(tries, 1);
  leaving.abort();
  await assert.rejects(asked, { name: 'AbortError' });
});

/** Its listings break off after so many names. */
async function brokenListing(namesEach: number): Promise<ObjectStore> {
  const store = memoryStore();
  for (const name of NAMES) await store.put(name, Buffer.from('x'), { createOnly: true });
  return {
    ...store,
    async *list(prefix, how) {
      let given = 0;
      for await (const entry of store.list(prefix, how)) {
        if (given === namesEach) throw new HoldfastError('STORE_UNREACHABLE');
        given += 1;
        yield entry;
      }
    },
  };
}
