import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { memoryStore } from '#libs/store/memory.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { scrubbedBack } from './scrub-ledger.ts';
import { nextBatch, scrubPacks, shareOf, type ScrubDeps } from './scrub-packs.ts';

const DAY_MS = 86_400_000;
const NOW = Date.parse('2026-06-01T00:00:00Z');
const PACKS = Array.from({ length: 1000 }, (_, n) => {
  const digest = String(n).padStart(64, '0');
  return { name: `packs/${digest.slice(0, 2)}/${digest}`, bytes: 10 };
});

interface Reader {
  readonly deps: ScrubDeps;
  readonly read: string[];
  now: number;
}

async function readerOf(store: ObjectStore, damaged: ReadonlySet<string> = new Set()): Promise<Reader> {
  for (const { name } of PACKS) await store.put(name, Buffer.alloc(1), { createOnly: true });
  const reader: Reader = {
    read: [],
    now: NOW,
    deps: {
      store,
      async verifyPack(pack) {
        reader.read.push(pack);
        if (damaged.has(pack)) throw new HoldfastError('PACK_DAMAGED', { pack, reason: 'bytes' });
        return { bytes: 10, chunks: 1 };
      },
      clock: { now: () => reader.now },
      pace: async () => {},
      signal: new AbortController().signal,
      onProgress: () => {},
    },
  };
  return reader;
}

const at = (ms: number) => new Date(ms).toISOString();

test('a run a day reads every pack again within the time, in the order of their names and round again', async () => {
  const reader = await readerOf(memoryStore());
  for (let day = 0; day < 30; day += 1) {
    reader.now = NOW + day * DAY_MS + 1000;
    await scrubPacks(PACKS, { every: '30d', since: at(NOW + day * DAY_MS) }, reader.deps);
    assert.ok(reader.read.length <= (day + 1) * 40, `${reader.read.length} by day ${day}`);
  }
  assert.equal(new Set(reader.read).size, PACKS.length);
  assert.deepEqual(
    reader.read.slice(0, PACKS.length),
    PACKS.map(({ name }) => name.slice(-64)),
  );
});

test('stopped anywhere, a scrub goes on behind the last batch of its ledger, and reads no other pack twice', async () => {
  const store = memoryStore();
  const reader = await readerOf(store, new Set([PACKS[3]!.name.slice(-64)]));
  const wish = { every: 'all', since: at(NOW) };
  const verifyPack: ScrubDeps['verifyPack'] = (pack) => {
    if (reader.read.length === 300) throw new HoldfastError('STORE_UNREACHABLE', {});
    return reader.deps.verifyPack(pack);
  };
  await assert.rejects(scrubPacks(PACKS, wish, { ...reader.deps, verifyPack }), {
    code: 'STORE_UNREACHABLE',
  });
  const done = await scrubPacks(PACKS, wish, reader.deps);
  assert.deepEqual([done.packs, done.bytes, done.damaged.length], [1000, 10_000, 1]);
  // Once more what it was told of as damaged, besides the batch that was not ended.
  assert.equal(reader.read.length, 1000 + (300 % 128) + 1);
  assert.equal(new Set(reader.read).size, 1000);
  const ledger = await Array.fromAsync(scrubbedBack(store));
  assert.equal(
    ledger.reduce((sum, { packs }) => sum + packs, 0),
    1000,
  );
  assert.deepEqual(ledger.at(-1)?.damaged, [PACKS[3]!.name]);
  assert.equal(ledger[0]?.through, '');
});

test('what was found damaged is looked at again by every run until it is whole', async () => {
  const damaged = new Set([PACKS[3]!.name.slice(-64)]);
  const reader = await readerOf(memoryStore(), damaged);
  const onDay = async (day: number) => {
    reader.now = NOW + day * DAY_MS + 1000;
    const wish = { every: '30d', since: at(NOW + day * DAY_MS) };
    return (await scrubPacks(PACKS, wish, reader.deps)).damaged.map(({ object }) => object);
  };
  assert.deepEqual([await onDay(0), await onDay(1)], [[PACKS[3]!.name], [PACKS[3]!.name]]);
  damaged.clear();
  assert.deepEqual(await onDay(2), []);
});

test('asked for all packs, it reads those that lost their bytes as well', async () => {
  const reader = await readerOf(memoryStore());
  const packs = PACKS.map(({ name }, n) => ({ name, bytes: n > 990 ? 0 : 10 }));
  await scrubPacks(packs, { every: 'all', since: at(NOW) }, reader.deps);
  assert.equal(new Set(reader.read).size, 1000);
});

test('two scrubs at once keep both their batches in one ledger', async () => {
  const store = memoryStore();
  const [one, other] = [await readerOf(store), { ...(await readerOf(memoryStore())).deps, store }];
  const wish = { every: 'all', since: at(NOW) };
  await Promise.all([scrubPacks(PACKS, wish, one.deps), scrubPacks(PACKS, wish, other)]);
  const told = (await Array.fromAsync(scrubbedBack(store))).reduce((sum, { packs }) => sum + packs, 0);
  assert.equal(told, 2000);
});

test('the share of a day grows with the days that were missed, and is never more than all', () => {
  const share = (days: number) => shareOf(PACKS, '30d', days * DAY_MS);
  assert.deepEqual([share(0), share(1), share(10), share(90)], [367, 367, 3667, 10_000]);
  assert.equal(shareOf(PACKS, 'all', 0), 10_000);
  assert.deepEqual(nextBatch(PACKS, { after: PACKS.at(-1)!.name, wanted: 5 }).packs, [PACKS[0]]);
});
