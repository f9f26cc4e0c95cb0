import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { HoldfastError } from '#libs/kernel/errors.ts';
import { memoryStore } from '#libs/store/memory.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { bytesOf, collect, rowsOf } from './fixtures/generated.ts';
import { namesBelow, opened } from './fixtures/opened.ts';
import { packObject } from './pack.ts';
import type { StreamRef } from './port.ts';

const MIB = 1024 * 1024;
const PLAIN = Buffer.concat([bytesOf(1, 2 * MIB), rowsOf(2, 3 * MIB)]);

interface Stored {
  readonly store: ObjectStore;
  readonly ref: StreamRef;
  readonly pack: string;
  readonly bytes: Buffer;
}

async function stored(): Promise<Stored> {
  const store = memoryStore();
  await using writer = opened(store).writer();
  const ref = await writer.writeStream([PLAIN]);
  const pack = (await writer.flush()).packs[0]!;
  return { store, ref, pack, bytes: await store.get(packObject(pack)) };
}

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(at) ^ 0x40, at);
  return copy;
}

function tableStart(pack: Buffer): number {
  return pack.length - 16 - pack.readUInt32BE(pack.length - 16);
}

/** Reads with a repository that knows nothing yet. Never other bytes: the right ones, or an error. */
async function readOutcome({ store, ref }: Stored): Promise<string> {
  const parts: Buffer[] = [];
  try {
    for await (const part of opened(store).read(ref)) parts.push(part);
  } catch (error) {
    const got = Buffer.concat(parts);
    assert.ok(PLAIN.subarray(0, got.length).equals(got), 'wrong bytes before the error');
    return (error as HoldfastError).code;
  }
  assert.ok(Buffer.concat(parts).equals(PLAIN), 'wrong bytes without an error');
  return 'whole';
}

async function assertNoticed(it: Stored): Promise<void> {
  await assert.rejects(opened(it.store).verifyPack(it.pack), (error: HoldfastError) => {
    assert.equal(error.code, 'PACK_DAMAGED');
    assert.equal(error.details['pack'], it.pack);
    return true;
  });
}

async function replacePack(it: Stored, bytes: Buffer): Promise<void> {
  await it.store.put(packObject(it.pack), bytes, { createOnly: false });
}

test('one flipped byte anywhere in a pack is noticed, and reading never gives wrong bytes', async () => {
  const it = await stored();
  const tableAt = tableStart(it.bytes);
  const edges = [0, 7, 8, 19, tableAt - 1, tableAt, tableAt + 20];
  const trailer = Array.from({ length: 16 }, (_, n) => it.bytes.length - 16 + n);
  const anywhere = fc.integer({ min: 0, max: it.bytes.length - 1 });
  await fc.assert(
    fc.asyncProperty(fc.oneof(anywhere, fc.constantFrom(...edges, ...trailer)), async (at) => {
      await replacePack(it, flipped(it.bytes, at));
      await assertNoticed(it);
      const isInChunk = at >= 8 && at < tableAt;
      assert.equal(await readOutcome(it), isInChunk ? 'PACK_DAMAGED' : 'whole');
    }),
    { numRuns: 60 },
  );
});

test('a pack that is cut short is noticed, and reading never gives wrong bytes', async () => {
  const it = await stored();
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: it.bytes.length - 1 }), async (length) => {
      await replacePack(it, it.bytes.subarray(0, length));
      await assertNoticed(it);
      assert.equal(await readOutcome(it), length < tableStart(it.bytes) ? 'PACK_DAMAGED' : 'whole');
    }),
    { numRuns: 20 },
  );
});

test('a pack that is replaced by another one is noticed', async () => {
  const it = await stored();
  await using writer = opened(it.store).writer();
  await writer.writeStream([bytesOf(9, 6 * MIB)]);
  const [other] = (await writer.flush()).packs;
  await replacePack(it, await it.store.get(packObject(other!)));
  await assertNoticed(it);
  assert.equal(await readOutcome(it), 'PACK_DAMAGED');
});

test('a missing pack is noticed', async () => {
  const it = await stored();
  await it.store.delete(packObject(it.pack));
  await assertNoticed(it);
  assert.equal(await readOutcome(it), 'CHUNK_MISSING');
});

test('without its index, or with a damaged one, a repository reads as before', async () => {
  const it = await stored();
  const [name] = await namesBelow(it.store, 'index/');
  const index = await it.store.get(name!);
  const harms = [index.subarray(0, 20), index.subarray(0, -1), Buffer.alloc(0)];
  for (let at = 0; at < index.length; at += 7) harms.push(flipped(index, at));
  for (const harmed of harms) {
    await it.store.put(name!, harmed, { createOnly: false });
    assert.equal(await readOutcome(it), 'whole');
  }
  await it.store.delete(name!);
  assert.equal(await readOutcome(it), 'whole');
  assert.deepEqual(await opened(it.store).rebuildIndex(), {
    packs: 1,
    chunks: new Set(it.ref.chunks).size,
  });
});

test('a rebuilt index passes a damaged pack by, and a chunk that lies in two packs is read from the one left', async () => {
  const it = await stored();
  const [name] = await namesBelow(it.store, 'index/');
  await it.store.delete(name!);
  await it.store.delete(packObject(it.pack));
  await using writer = opened(it.store).writer();
  const ref = await writer.writeStream([PLAIN]);
  const second = (await writer.flush()).packs[0]!;
  await it.store.put(packObject(it.pack), it.bytes, { createOnly: true });
  await it.store.delete(packObject(second));
  assert.ok((await collect(opened(it.store).read(ref))).equals(PLAIN));
  await replacePack(it, flipped(it.bytes, it.bytes.length - 1));
  assert.deepEqual(await opened(it.store).rebuildIndex(), { packs: 0, chunks: 0 });
});

test('a reader finds what another writer has added since', async () => {
  const store = memoryStore();
  const reader = opened(store);
  const write = async (bytes: Buffer) => {
    await using writer = opened(store).writer();
    const ref = await writer.writeStream([bytes]);
    await writer.flush();
    return ref;
  };
  const first = await write(bytesOf(20, 1000));
  assert.ok((await collect(reader.read(first))).equals(bytesOf(20, 1000)));
  const second = await write(bytesOf(21, 1000));
  assert.ok((await collect(reader.read(second))).equals(bytesOf(21, 1000)));
});

test('a stream whose reference does not fit its chunks ends with an error', async () => {
  const it = await stored();
  for (const wrong of [{ sha256: '0'.repeat(64) }, { bytes: 1 }, { chunks: it.ref.chunks.slice(1) }]) {
    const reading = collect(opened(it.store).read({ ...it.ref, ...wrong }));
    await assert.rejects(reading, { code: 'SNAPSHOT_DAMAGED' });
  }
});
