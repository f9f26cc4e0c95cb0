import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CHUNK_BYTES_MAX, CHUNK_BYTES_MIN, chunked, gearTable } from './chunker.ts';
import { bytesOf, collect, piecesOf } from './fixtures/generated.ts';
import { KEYS } from './fixtures/opened.ts';

const TABLE = gearTable(KEYS.gear);
const RUNS = { numRuns: 20 };
const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const lengths = fc.integer({ min: 0, max: 12 * 1024 * 1024 });

async function* cut(source: Iterable<Uint8Array>): AsyncIterable<Buffer> {
  for await (const { bytes } of chunked(source, TABLE)) yield Buffer.from(bytes);
}

async function cutsOf(source: Iterable<Uint8Array>): Promise<number[]> {
  return (await Array.fromAsync(cut(source))).map(({ length }) => length);
}

test('chunks joined are the stream, and only the last may be shorter than the minimum', async () => {
  await fc.assert(
    fc.asyncProperty(seeds, lengths, async (seed, length) => {
      const bytes = bytesOf(seed, length);
      assert.ok((await collect(cut([bytes]))).equals(bytes));
      const sizes = await cutsOf([bytes]);
      assert.ok(sizes.slice(0, -1).every((size) => size > CHUNK_BYTES_MIN));
      assert.ok(sizes.every((size) => size > 0 && size <= CHUNK_BYTES_MAX));
    }),
    RUNS,
  );
});

test('the cuts do not depend on how the stream is split into pieces', async () => {
  await fc.assert(
    fc.asyncProperty(
      seeds,
      lengths,
      fc.integer({ min: 1000, max: 5_000_000 }),
      async (seed, length, size) => {
        const bytes = bytesOf(seed, length);
        assert.deepEqual(await cutsOf(piecesOf(bytes, size)), await cutsOf([bytes]));
      },
    ),
    RUNS,
  );
});

/** Of the bytes below: cuts that every version has to make, or it finds nothing again of what an older one stored. */
const GOLDEN = [
  1_172_036, 1_700_865, 1_091_280, 773_420, 1_450_204, 1_233_064, 1_060_223, 1_467_699, 1_406_082, 1_437_535,
  463_618, 1_217_433, 1_129_014, 1_141_338, 33_405,
];

test('the cuts are those of FORMAT.md#chunking, byte by byte', async () => {
  const bytes = bytesOf(3, 16 * 1024 * 1024);
  const sizes: number[] = [];
  let length = 0;
  let hash = 0;
  for (const byte of bytes) {
    length += 1;
    if (length > 262_144) hash = ((hash << 1) + TABLE[byte]!) >>> 0;
    const mask = length <= 1_048_576 ? 0xfffffc00 : 0xffffc000;
    if (length <= 262_144 || ((hash & mask) >>> 0 !== 0 && length < 4_194_304)) continue;
    sizes.push(length);
    length = 0;
    hash = 0;
  }
  assert.deepEqual([...sizes, length], GOLDEN);
  assert.deepEqual(await cutsOf(piecesOf(bytes, 999_983)), GOLDEN);
});

test('after an insertion the cuts meet those of before again', async () => {
  await fc.assert(
    fc.asyncProperty(seeds, fc.integer({ min: 1, max: 5000 }), async (seed, inserted) => {
      const before = bytesOf(seed, 24 * 1024 * 1024);
      const after = Buffer.concat([
        before.subarray(0, 1_000_000),
        bytesOf((seed + 1) % 2 ** 32, inserted),
        before.subarray(1_000_000),
      ]);
      const fromEnd = async (bytes: Buffer) => {
        let left = bytes.length;
        return (await cutsOf([bytes])).map((size) => (left -= size));
      };
      const kept = new Set(await fromEnd(before));
      const shared = (await fromEnd(after)).filter((cut) => cut > 0 && kept.has(cut));
      assert.ok(shared.length > 0, `seed ${seed}: no common cut`);
    }),
    RUNS,
  );
});

test('bytes that never fit a mask are cut at the maximum, and pieces of one byte are the same stream', async () => {
  const flat = Buffer.alloc(CHUNK_BYTES_MAX * 2 + 1);
  assert.deepEqual(await cutsOf([flat]), [CHUNK_BYTES_MAX, CHUNK_BYTES_MAX, 1]);
  const short = bytesOf(7, CHUNK_BYTES_MIN + 3);
  assert.ok((await collect(cut(piecesOf(short, 1)))).equals(short));
  assert.deepEqual(await cutsOf([bytesOf(7, CHUNK_BYTES_MIN)]), [CHUNK_BYTES_MIN]);
});
