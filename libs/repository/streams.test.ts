import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { test } from 'node:test';
import { diskStore } from '#libs/store/disk.ts';
import { memoryStore } from '#libs/store/memory.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { bytesOf, collect, piecesOf, rowsOf } from './fixtures/generated.ts';
import { namesBelow, opened } from './fixtures/opened.ts';
import { packObject } from './pack.ts';

const MIB = 1024 * 1024;
const STREAMS = {
  empty: Buffer.alloc(0),
  'one byte': Buffer.from('x'),
  '300 KiB': bytesOf(1, 300 * 1024),
  '10 MiB random': bytesOf(2, 10 * MIB),
  '40 MiB of rows': rowsOf(3, 40 * MIB),
};

async function roundTrip(store: ObjectStore): Promise<void> {
  await using writer = opened(store).writer();
  const refs = await Promise.all(
    Object.values(STREAMS).map(async (bytes) => ({
      bytes,
      ref: await writer.writeStream(piecesOf(bytes, 65_537)),
    })),
  );
  const totals = await writer.flush();
  const reader = opened(store);
  for (const { bytes, ref } of refs) {
    assert.equal(ref.bytes, bytes.length);
    assert.equal(ref.sha256, createHash('sha256').update(bytes).digest('hex'));
    assert.ok((await collect(reader.read(ref))).equals(bytes));
  }
  assert.deepEqual(refs[0]!.ref.chunks, []);
  assert.equal(refs[1]!.ref.chunks.length, 1);
  for (const pack of totals.packs) assert.ok((await reader.verifyPack(pack)).chunks > 0);
}

test('streams of every size come back as they were written, from memory', () => roundTrip(memoryStore()));

test('streams of every size come back as they were written, from disk', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-repository-'));
  try {
    await roundTrip(diskStore(folder));
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('what is there already is not written again, within a writer, between streams at once and between writers', async () => {
  const store = memoryStore();
  const bytes = bytesOf(4, 6 * MIB);
  await using first = opened(store).writer();
  const [a, b] = await Promise.all([first.writeStream([bytes]), first.writeStream(piecesOf(bytes, 10_000))]);
  const once = await first.flush();
  assert.deepEqual(a, b);
  assert.ok(once.newBytes < bytes.length * 1.01);
  assert.equal(once.sourceBytes, bytes.length * 2);

  await using second = opened(store).writer();
  assert.deepEqual(await second.writeStream([bytes]), a);
  const again = await second.flush();
  assert.deepEqual(again.packs, once.packs);
  assert.equal(again.newBytes, 0);
});

test('a chunk whose pack was deleted or cut short is written again, and read from its new pack', async () => {
  const bytes = bytesOf(5, 2 * MIB);
  const harms: ((store: ObjectStore, name: string) => Promise<void>)[] = [
    (store, name) => store.delete(name),
    async (store, name) =>
      store.put(name, (await store.get(name)).subarray(0, 100_000), { createOnly: false }),
  ];
  for (const harm of harms) {
    const store = memoryStore();
    await using first = opened(store).writer();
    await first.writeStream([bytes]);
    const { packs } = await first.flush();
    await harm(store, packObject(packs[0]!));
    await using second = opened(store).writer();
    const ref = await second.writeStream([bytes]);
    assert.ok((await second.flush()).newBytes > 0);
    await store.delete(packObject(packs[0]!));
    assert.ok((await collect(opened(store).read(ref))).equals(bytes));
  }
});

test('a writer that is left before flush leaves nothing findable, and its packs are harmless', async () => {
  const store = memoryStore();
  const bytes = bytesOf(6, 40 * MIB);
  {
    await using writer = opened(store).writer();
    await writer.writeStream([bytes]);
    // Long enough for a pack to arrive.
    while ((await namesBelow(store, 'packs/')).length === 0) await setImmediate();
  }
  assert.deepEqual(await namesBelow(store, 'index/'), []);
  await using next = opened(store).writer();
  const ref = await next.writeStream([bytes]);
  const { packs } = await next.flush();
  const reader = opened(store);
  assert.ok((await collect(reader.read(ref))).equals(bytes));
  for (const pack of packs) await reader.verifyPack(pack);
});

test('an aborted stream ends at once, also when its source hangs, and the writer goes on', async () => {
  const store = memoryStore();
  await using writer = opened(store).writer();
  const abort = new AbortController();
  async function* hanging() {
    yield bytesOf(8, 100);
    abort.abort();
    await new Promise(() => {});
  }
  await assert.rejects(writer.writeStream(hanging(), { signal: abort.signal }), { name: 'AbortError' });
  const ref = await writer.writeStream([bytesOf(9, 1000)]);
  await writer.flush();
  assert.ok((await collect(opened(store).read(ref))).equals(bytesOf(9, 1000)));
});

test('a pack that does not arrive fails the writer, and no index is written', async () => {
  const inner = memoryStore();
  const store: ObjectStore = {
    ...inner,
    put: (name, bytes, options) =>
      name.startsWith('packs/') ? Promise.reject(new Error('full')) : inner.put(name, bytes, options),
  };
  await using writer = opened(store).writer();
  await writer.writeStream([bytesOf(10, 1000)]);
  await assert.rejects(writer.flush(), { message: 'full' });
  assert.deepEqual(await namesBelow(store, ''), []);
});

test('what a writer stored before it was stopped is not sent again, and an index tells of it then', async () => {
  const store = memoryStore();
  const bytes = bytesOf(5, 40 * MIB);
  const stopped = opened(store).writer();
  await stopped.writeStream([bytes]);
  await stopped[Symbol.asyncDispose]();
  const left = await namesBelow(store, 'packs/');
  assert.ok(left.length > 0);
  assert.deepEqual(await namesBelow(store, 'index/'), []);
  await using next = opened(store).writer();
  const ref = await next.writeStream([bytes]);
  const totals = await next.flush();
  assert.ok(totals.newBytes < 40 * MIB - left.length * 15 * MIB, `${totals.newBytes} bytes sent again`);
  // By the index alone: no table of a pack is read.
  const asked: string[] = [];
  const watched: ObjectStore = {
    ...store,
    list: (prefix, options) => (asked.push(prefix), store.list(prefix, options)),
  };
  assert.ok((await collect(opened(watched).read(ref))).equals(bytes));
  assert.ok(!asked.includes('packs/'), asked.join(' '));
});
