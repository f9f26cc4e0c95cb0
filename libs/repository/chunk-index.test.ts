import assert from 'node:assert/strict';
import { test } from 'node:test';
import { execa } from 'execa';
import { memoryStore } from '#libs/store/memory.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { ChunkIndex } from './chunk-index.ts';
import { bytesOf } from './fixtures/generated.ts';
import { KEYS, namesBelow, opened } from './fixtures/opened.ts';
import { packSection, sealSegments } from './index-object.ts';
import { CHUNKS_IN_PACK, grownIndex, syntheticPack } from './fixtures/synthetic-index.ts';

const CHUNKS = 10_000_000;
const RESIDENT_BYTES_A_CHUNK = 64;
/** What the process has beside it: freshly made entries that are not collected yet, compiled code. */
const BESIDE_BYTES = 48 * 1024 * 1024;

test('an index gives back what was added, to the byte', async () => {
  const index = grownIndex(20_000);
  for (const n of [0, 1, 700, 1249]) {
    const { name, table } = syntheticPack(n);
    for (const entry of table.entries)
      assert.deepEqual(await index.find(entry.id), { ...entry, pack: name, epoch: table.epoch });
  }
  assert.equal(await index.find(syntheticPack(1250).table.entries[0]!.id), undefined);
});

test('ten million chunks are resident in at most 64 bytes each, also while the index grows', async () => {
  const script = `
    const { grownIndex } = await import('${new URL('fixtures/synthetic-index.ts', import.meta.url).href}');
    await grownIndex(20_000).find('0'.repeat(64));
    gc();
    const before = process.memoryUsage.rss();
    const index = grownIndex(${CHUNKS});
    const peak = process.resourceUsage().maxRSS * 1024 - before;
    gc();
    const resident = process.memoryUsage.rss() - before;
    const known = (await index.find('${syntheticPack(CHUNKS / CHUNKS_IN_PACK - 1).table.entries[0]!.id}'))?.pack;
    console.log(JSON.stringify({ peak, resident, known }));`;
  const { stdout } = await execa(process.execPath, ['--expose-gc', '--input-type=module', '-e', script]);
  const { peak, resident, known } = JSON.parse(stdout) as { peak: number; resident: number; known: string };
  assert.equal(known, syntheticPack(CHUNKS / CHUNKS_IN_PACK - 1).name);
  assert.ok(resident > CHUNKS * 32, `only ${resident} bytes: not all of it is there`);
  assert.ok(resident <= CHUNKS * RESIDENT_BYTES_A_CHUNK, `${resident / CHUNKS} bytes a chunk`);
  assert.ok(
    peak <= CHUNKS * RESIDENT_BYTES_A_CHUNK + BESIDE_BYTES,
    `${peak / CHUNKS} bytes a chunk at the peak`,
  );
});

test('a chunk of several packs is found until the last of them is forgotten, and then no more', async () => {
  const index = new ChunkIndex(memoryStore(), KEYS);
  const { table } = syntheticPack(1);
  const packs = [2, 3, 4].map((n) => syntheticPack(n).name);
  for (const pack of packs) index.add(pack, table);
  const { id } = table.entries[5]!;
  const left = new Set(packs);
  while (left.size > 0) {
    const place = (await index.find(id))!;
    assert.ok(left.delete(place.pack), 'it is in a pack that was not forgotten');
    index.forget(place.pack);
  }
  assert.equal(await index.find(id), undefined);
  index.add(packs[0]!, table);
  assert.equal(await index.find(id), undefined, 'nothing brings a forgotten pack back');
});

test('it is rebuilt from the ends of the packs alone, past what is no pack and what is damaged', async () => {
  const store = memoryStore();
  const ids: string[] = [];
  for (let n = 0; n < 3; n += 1) {
    await using writer = opened(store).writer();
    ids.push(...(await writer.writeStream([bytesOf(n, 5000)])).chunks);
    await writer.flush();
  }
  const [damaged] = await namesBelow(store, 'packs/');
  const whole = await store.get(damaged!);
  for (const name of ['packs/readme', 'packs/00/00', `packs/00/${'z'.repeat(64)}`])
    await store.put(name, whole, { createOnly: true });
  const read: string[] = [];
  const recorded: ObjectStore = {
    ...store,
    get(name, options) {
      read.push(options?.range === undefined ? `all of ${name}` : name.slice(0, 6));
      return store.get(name, options);
    },
  };
  const index = new ChunkIndex(recorded, KEYS);
  assert.deepEqual(await index.rebuild(), { packs: 3, chunks: 3 });
  for (const id of ids) assert.ok((await index.find(id)) !== undefined);
  assert.deepEqual(
    read,
    Array.from({ length: 6 }, () => 'packs/'),
  );
  await store.put(damaged!, whole.subarray(0, 40), { createOnly: false });
  assert.deepEqual(await index.rebuild(), { packs: 2, chunks: 2 });
  const places = await Promise.all(ids.map((id) => index.find(id)));
  assert.equal(places.filter((place) => place === undefined).length, 1);
});

test('an index object that lies under another name hides no chunk, not even from a writer', async () => {
  const store = memoryStore();
  const ids: string[] = [];
  for (let n = 0; n < 2; n += 1) {
    await using writer = opened(store).writer();
    ids.push(...(await writer.writeStream([bytesOf(n, 5000)])).chunks);
    await writer.flush();
  }
  const [one, other] = await namesBelow(store, 'index/');
  await store.put(one!, await store.get(other!), { createOnly: false });
  const index = new ChunkIndex(store, KEYS);
  for (const id of ids) assert.ok((await index.find(id)) !== undefined);
});

test('an index object that opens and is not one hides no chunk either', async () => {
  const store = memoryStore();
  await using writer = opened(store).writer();
  const { chunks } = await writer.writeStream([bytesOf(1, 5000)]);
  await writer.flush();
  const [own] = await namesBelow(store, 'index/');
  await store.delete(own!);
  const pack = syntheticPack(1);
  const section = packSection(pack.name, pack.table);
  for (const length of [20, 39, 41, section.length - 1])
    for (const { name, bytes } of sealSegments(KEYS, [section.subarray(0, length)]))
      await store.put(name, bytes, { createOnly: true });
  assert.ok((await new ChunkIndex(store, KEYS).find(chunks[0]!)) !== undefined);
});
