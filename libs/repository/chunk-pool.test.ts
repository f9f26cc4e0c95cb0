import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chunkPool } from './chunk-pool.ts';
import { bytesOf, rowsOf } from './fixtures/generated.ts';
import { KEYS } from './fixtures/opened.ts';
import { newestSealing } from './keys.ts';

const SEALING = newestSealing(KEYS);

test('what is named and sealed in one room opens in another', async () => {
  for (const plain of [bytesOf(1, 300_000), rowsOf(2, 3_000_000), Buffer.alloc(0), Buffer.from('a')]) {
    using held = await chunkPool.hold(plain);
    const { id } = await held.name(KEYS);
    const { head, sealed } = await held.seal(SEALING, id);
    using other = await chunkPool.hold(sealed);
    assert.ok((await other.open(SEALING, head))?.equals(plain));
    using flipped = await chunkPool.hold(sealed.map((byte, at) => (at === 20 ? byte ^ 1 : byte)));
    assert.equal(await flipped.open(SEALING, head), undefined);
  }
});

test('a bit that flips in memory between naming and sealing is found before the chunk leaves', async () => {
  const plain = rowsOf(3, 400_000);
  using held = await chunkPool.hold(plain);
  const { id } = await held.name(KEYS);
  const { sealed } = await held.seal(SEALING, id);
  // The room, as a stray write would reach it.
  const room = new Uint8Array(sealed.buffer);
  room.set(plain);
  room[200_000]! ^= 4;
  await assert.rejects(held.seal(SEALING, id), { code: 'CHUNK_UNSOUND' });
});

test('a thread that ends fails what it had in hand, and another one takes its place', async () => {
  using held = await chunkPool.hold(bytesOf(4, 1000));
  const broken = { chunkId: Symbol.prototype } as unknown as typeof KEYS;
  await assert.rejects(held.name(broken), { code: 'INTERNAL' });
  assert.equal((await held.name(KEYS)).id.length, 64);
});

test('who finds no room waits for one', async () => {
  const held = [];
  for (;;) {
    const next = chunkPool.hold(Buffer.from('full'));
    const free = Promise.race([next, new Promise((resolve) => void setImmediate(resolve))]);
    if ((await free) === undefined) {
      const first = held.shift()!;
      first[Symbol.dispose]();
      held.push(await next);
      break;
    }
    held.push(await next);
  }
  assert.ok(held.length >= 2);
  for (const each of held) each[Symbol.dispose]();
});
