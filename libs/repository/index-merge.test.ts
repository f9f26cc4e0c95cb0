import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { memoryStore } from '#libs/store/memory.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { ChunkIndex } from './chunk-index.ts';
import { bytesOf, collect } from './fixtures/generated.ts';
import { KEYS, namesBelow, opened } from './fixtures/opened.ts';
import { CHUNKS_IN_PACK, syntheticPack } from './fixtures/synthetic-index.ts';
import { openSegment, packSection, sealSegments } from './index-object.ts';

const never = new AbortController().signal;

/** Index objects `from` up to `to`, each of one pack that is in no store: what is found is found by an index. */
async function putSegments(
  store: ObjectStore,
  from: number,
  to: number,
  chunks = CHUNKS_IN_PACK,
): Promise<void> {
  for (let n = from; n < to; n += 1) {
    const { name, table } = syntheticPack(n, chunks);
    for (const segment of sealSegments(KEYS, [packSection(name, table)]))
      await store.put(segment.name, segment.bytes, { createOnly: true });
  }
}

async function assertAllFound(store: ObjectStore, packs: number, chunks = CHUNKS_IN_PACK): Promise<void> {
  const index = new ChunkIndex(store, KEYS);
  for (let n = 0; n < packs; n += 1) {
    const { name, table } = syntheticPack(n, chunks);
    for (const entry of table.entries)
      assert.deepEqual(await index.find(entry.id), { ...entry, pack: name, epoch: 1 }, `pack ${n}`);
  }
}

const merge = (store: ObjectStore) => new ChunkIndex(store, KEYS).merge(never);
const segmentsIn = async (store: ObjectStore) => (await namesBelow(store, 'index/')).length;

/** Each operation goes through `act`, named by what it does. */
function through(
  store: ObjectStore,
  act: <T>(what: string, operation: () => Promise<T>) => Promise<T>,
): ObjectStore {
  return {
    ...store,
    put: (name, ...rest) => act(`put ${name}`, () => store.put(name, ...rest)),
    get: (name, ...rest) => act(`get ${name}`, () => store.get(name, ...rest)),
    delete: (name, ...rest) => act(`delete ${name}`, () => store.delete(name, ...rest)),
    async *list(prefix, options) {
      yield* await act(`list ${prefix}`, () => Array.fromAsync(store.list(prefix, options)));
    },
  };
}

test('merging keeps every chunk and leaves few objects, class by class', async () => {
  const store = memoryStore();
  await putSegments(store, 0, 7);
  await merge(store);
  assert.equal(await segmentsIn(store), 7, 'seven are left alone');
  await putSegments(store, 7, 70);
  await merge(store);
  await assertAllFound(store, 70);
  assert.ok((await segmentsIn(store)) <= 8 + 6, `${await segmentsIn(store)} objects`);
  await putSegments(store, 70, 78, 1500);
  await merge(store);
  await assertAllFound(store, 70);
  assert.ok((await segmentsIn(store)) <= 8 + 6 + 1, `${await segmentsIn(store)} objects`);
});

test('large index objects are not written again', async () => {
  const store = memoryStore();
  await putSegments(store, 0, 8, 60_000);
  const before = await namesBelow(store, 'index/');
  await merge(store);
  assert.deepEqual(await namesBelow(store, 'index/'), before);
});

test('a writer with many packs writes several index objects of bounded size', () => {
  const { name, table } = syntheticPack(1, 100_000);
  const section = packSection(name, table);
  const segments = [
    ...sealSegments(
      KEYS,
      Array.from({ length: 20 }, () => section),
    ),
  ];
  assert.ok(segments.length >= 3, `${segments.length} objects`);
  for (const { bytes } of segments) assert.ok(bytes.length <= 32 * 1024 * 1024);
});

test('a merger that dies before or after any operation leaves every chunk found, and the next one goes on', async () => {
  let operations = 0;
  for (let at = 0; at <= operations; at += 1)
    for (const isDone of [false, true]) {
      const store = memoryStore();
      await putSegments(store, 0, 17);
      let count = 0;
      const dying = through(store, async (_, operation) => {
        count += 1;
        if (count < at) return await operation();
        if (count === at && isDone) await operation();
        throw new Error('killed');
      });
      const counting = through(store, (_, operation) => {
        operations += 1;
        return operation();
      });
      if (at === 0) {
        operations = 0;
        await merge(counting);
        assert.ok(operations > 30, `${operations} operations`);
        continue;
      }
      await assert.rejects(merge(dying), { message: 'killed' });
      await assertAllFound(store, 17);
      await merge(store);
      await assertAllFound(store, 17);
      assert.ok((await segmentsIn(store)) < 8, `${await segmentsIn(store)} objects after ${at}`);
    }
});

test('two mergers, a writer and a reader at once lose nothing, in any order of their operations', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), async (scheduler) => {
      const store = memoryStore();
      await putSegments(store, 0, 9);
      const own = () =>
        through(store, (what, operation) => scheduler.schedule(Promise.resolve(), what).then(operation));
      const { name, table } = syntheticPack(9);
      const work = Promise.all([
        merge(own()),
        merge(own()),
        new ChunkIndex(own(), KEYS).write(new Map([[name, table]]), [], never),
        assertAllFound(own(), 9),
      ]);
      await scheduler.waitFor(work);
      await assertAllFound(store, 10);
      await merge(store);
      await assertAllFound(store, 10);
    }),
    { numRuns: 60 },
  );
});

test('where deletes are refused merging goes on, and what was merged is not merged or read again', async () => {
  const store = memoryStore();
  let deletes = 0;
  const gets: string[] = [];
  const locked = through(store, (what, operation) => {
    if (what.startsWith('get')) gets.push(what);
    if (!what.startsWith('delete')) return operation();
    deletes += 1;
    throw new HoldfastError('STORE_REFUSED', { object: what });
  });
  await putSegments(store, 0, 8);
  await merge(locked);
  assert.equal(await segmentsIn(store), 9);
  await merge(locked);
  await merge(locked);
  assert.equal(await segmentsIn(store), 9, 'merged again');
  assert.equal(deletes, 3, 'asked once in a merge');
  gets.length = 0;
  await assertAllFound(locked, 8);
  assert.ok(gets.length <= 2, `${gets.length} reads of 9 objects`);
  await putSegments(store, 8, 16);
  await merge(locked);
  await assertAllFound(store, 16);
  assert.equal(await segmentsIn(store), 18);
  await merge(store);
  assert.equal(await segmentsIn(store), 2, 'deleted once it is allowed');
  await assertAllFound(store, 16);
});

test('where deletes are refused, what was merged twice is not read again either', async () => {
  const store = memoryStore();
  const gets: string[] = [];
  const locked = through(store, (what, operation) => {
    if (what.startsWith('get')) gets.push(what);
    if (what.startsWith('delete')) throw new HoldfastError('STORE_REFUSED', { object: what });
    return operation();
  });
  await putSegments(store, 0, 64);
  await merge(locked);
  await merge(locked);
  assert.equal(await segmentsIn(store), 64 + 8 + 1);
  gets.length = 0;
  await assertAllFound(locked, 64);
  assert.ok(gets.length <= 2, `${gets.length} reads`);
});

test('a pack of several index objects is in the merged one once', async () => {
  const store = memoryStore();
  await putSegments(store, 0, 4);
  await putSegments(store, 0, 4);
  await merge(store);
  const [name] = await namesBelow(store, 'index/');
  assert.equal(openSegment(KEYS, name!, await store.get(name!))?.packs.length, 4);
});

test('an index object that cannot be read is left, and so are those of which it is the only neighbour', async () => {
  const store = memoryStore();
  await putSegments(store, 0, 8);
  const names = await namesBelow(store, 'index/');
  for (const name of names.slice(0, 7)) await store.put(name, Buffer.from('damaged'), { createOnly: false });
  await merge(store);
  assert.deepEqual(await namesBelow(store, 'index/'), names);
});

/** Really written, so that packs are there too; with the listing of index objects as it was before the last merge. */
async function merged() {
  const store = memoryStore();
  const refs = [];
  let stale: { name: string; bytes: number }[] = [];
  for (let n = 0; n < 8; n += 1) {
    stale = await Array.fromAsync(store.list('index/'));
    await using writer = opened(store).writer();
    refs.push(await writer.writeStream([bytesOf(n, 5000)]));
    await writer.flush();
  }
  assert.deepEqual([stale.length, await segmentsIn(store)], [7, 1]);
  const ids = refs.flatMap(({ chunks }) => chunks);
  /** The first `times` listings are the old one. */
  const staleStore = (times: number, onGet: (what: string) => void): ObjectStore => {
    const recorded = through(store, (what, operation) => {
      onGet(what);
      return operation();
    });
    let listings = 0;
    return {
      ...recorded,
      async *list(prefix, options) {
        if (prefix === 'index/' && listings++ < times) yield* stale;
        else yield* recorded.list(prefix, options);
      },
    };
  };
  return { store, ids, refs, staleStore };
}

test('a reader whose listing is older than a merge looks again, and needs no pack for it', async () => {
  const { ids, staleStore } = await merged();
  const packsRead: string[] = [];
  const store = staleStore(1, (what) => what.includes('packs/') && packsRead.push(what));
  const index = new ChunkIndex(store, KEYS);
  for (const id of ids) assert.ok((await index.find(id)) !== undefined);
  assert.deepEqual(packsRead, []);
});

test('under a listing that stays old everything is found by the packs, and a merge under it loses nothing', async () => {
  const { store, ids, refs, staleStore } = await merged();
  const stale = staleStore(Infinity, () => {});
  const index = new ChunkIndex(stale, KEYS);
  for (const id of ids) assert.ok((await index.find(id)) !== undefined);
  await merge(stale);
  for (const [n, ref] of refs.entries())
    assert.ok((await collect(opened(store).read(ref))).equals(bytesOf(n, 5000)));
  assert.equal(await segmentsIn(store), 1);
});

test('a merge that fails harms no backup', async () => {
  const { store } = await merged();
  await putSegments(store, 0, 7);
  const failing = through(store, (what, operation) => {
    if (what.startsWith('delete')) throw new HoldfastError('STORE_UNREACHABLE', {});
    return operation();
  });
  await using writer = opened(failing).writer();
  const ref = await writer.writeStream([bytesOf(99, 5000)]);
  await writer.flush();
  assert.ok((await collect(opened(store).read(ref))).equals(bytesOf(99, 5000)));
});
