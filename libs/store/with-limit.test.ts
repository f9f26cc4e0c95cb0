import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { memoryStore } from './memory.ts';
import type { ObjectStore } from './port.ts';
import { withLimit } from './with-limit.ts';

test('no more requests are under way than allowed', async () => {
  const gate = gatedStore();
  const store = withLimit(gate.store, { inFlightMax: 4 });
  assert.equal(await mostInFlight(store, gate), 4);
});

test('the limit falls by half when the store asks to slow down, once for all under way, and rises again', async () => {
  const gate = gatedStore();
  const store = withLimit(gate.store, { inFlightMax: 8 });
  gate.throttled = true;
  await mostInFlight(store, gate, 8);
  gate.throttled = false;
  assert.equal(await mostInFlight(store, gate, 8), 4);
  for (let n = 0; n < 100; n += 1) await mostInFlight(store, gate, 1);
  assert.equal(await mostInFlight(store, gate), 8);
});

test('each change of the limit is told; it never falls below one, and one success there lets two go', async () => {
  const gate = gatedStore();
  const told: number[] = [];
  const store = withLimit(gate.store, { inFlightMax: 8, onAllowed: (inFlight) => told.push(inFlight) });
  gate.throttled = true;
  for (let n = 0; n < 10; n += 1) await assert.rejects(store.head('a'), { code: 'STORE_THROTTLED' });
  assert.deepEqual(told, [4, 2, 1]);
  gate.throttled = false;
  assert.equal(await mostInFlight(store, gate, 1), 1);
  assert.equal(await mostInFlight(store, gate, 2), 2);
  for (let n = 0; n < 100; n += 1) await mostInFlight(store, gate, 1);
  assert.deepEqual(told, [4, 2, 1, 2, 3, 4, 5, 6, 7, 8]);
});

test('a store that does not answer is no reason to slow down', async () => {
  const told: number[] = [];
  const away = { ...memoryStore(), head: () => Promise.reject(new HoldfastError('STORE_UNREACHABLE')) };
  const store = withLimit(away, { inFlightMax: 8, onAllowed: (inFlight) => told.push(inFlight) });
  await Promise.allSettled(Array.from({ length: 20 }, () => store.head('a')));
  assert.deepEqual(told, []);
});

test('a listing does not hold the only place while its reader sends requests', async () => {
  const store = withLimit(memoryStore(), { inFlightMax: 1 });
  for (const name of ['a', 'b', 'c']) await store.put(name, Buffer.from(name), { createOnly: true });
  const read: string[] = [];
  for await (const { name } of store.list('')) read.push((await store.get(name)).toString());
  assert.deepEqual(read, ['a', 'b', 'c']);
});

interface Gate {
  readonly store: ObjectStore;
  throttled: boolean;
  most: number;
}

/** Each head stays under way for some turns, so that all that may start do. */
function gatedStore(): Gate {
  let inFlight = 0;
  const gate: Gate = {
    throttled: false,
    most: 0,
    store: {
      ...memoryStore(),
      async head() {
        inFlight += 1;
        gate.most = Math.max(gate.most, inFlight);
        for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
        inFlight -= 1;
        if (gate.throttled) throw new HoldfastError('STORE_THROTTLED');
        return undefined;
      },
    },
  };
  return gate;
}

async function mostInFlight(store: ObjectStore, gate: Gate, requests = 40): Promise<number> {
  gate.most = 0;
  await Promise.allSettled(Array.from({ length: requests }, () => store.head('a')));
  return gate.most;
}
