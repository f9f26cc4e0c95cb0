import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { chunked, GRAINS, gearTable, type GrainName } from './chunker.ts';
import { bytesOf, collect, piecesOf } from './fixtures/generated.ts';
import { KEYS } from './fixtures/opened.ts';

const TABLE = gearTable(KEYS.gear);
const RUNS = { numRuns: 20 };
const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const lengths = fc.integer({ min: 0, max: 12 * 1024 * 1024 });

const grains = fc.constantFrom<GrainName>('coarse', 'fine');

async function* cut(source: Iterable<Uint8Array>, grain: GrainName = 'coarse'): AsyncIterable<Buffer> {
  for await (const { bytes } of chunked(source, TABLE, GRAINS[grain])) yield Buffer.from(bytes);
}

async function cutsOf(source: Iterable<Uint8Array>, grain?: GrainName): Promise<number[]> {
  return (await Array.fromAsync(cut(source, grain))).map(({ length }) => length);
}

test('chunks joined are the stream, and only the last may be shorter than the minimum', async () => {
  await fc.assert(
    fc.asyncProperty(seeds, lengths, grains, async (seed, length, grain) => {
      const bytes = bytesOf(seed, length);
      assert.ok((await collect(cut([bytes], grain))).equals(bytes));
      const sizes = await cutsOf([bytes], grain);
      const { min, max } = GRAINS[grain];
      assert.ok(sizes.slice(0, -1).every((size) => size > min));
      assert.ok(sizes.every((size) => size > 0 && size <= max));
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
      grains,
      async (seed, length, size, grain) => {
        const bytes = bytesOf(seed, length);
        assert.deepEqual(await cutsOf(piecesOf(bytes, size), grain), await cutsOf([bytes], grain));
      },
    ),
    RUNS,
  );
});

/** Of the bytes below: cuts that every version has to make, or it finds nothing again of what an older one stored. */
const GOLDEN = {
  coarse: [
    1_172_036, 1_700_865, 1_091_280, 773_420, 1_450_204, 1_233_064, 1_060_223, 1_467_699, 1_406_082,
    1_437_535, 463_618, 1_217_433, 1_129_014, 1_141_338, 33_405,
  ],
  fine: [
    405_803, 403_707, 209_380, 153_146, 296_470, 371_215, 628_034, 405_146, 196_589, 402_129, 429_101,
    474_410, 362_471, 535_915, 473_803, 415_448, 205_299, 299_787, 744_125, 852_377, 449_325, 528_355,
    644_284, 463_395, 1_005_159, 489_652, 402_550, 416_131, 295_105, 297_715, 431_288, 435_474, 350_671,
    270_070, 592_372, 160_102, 422_836, 768_836, 89_541,
  ],
} as const;
/** min, aim, max, and the masks before and after the aim. */
const WRITTEN = {
  coarse: [262_144, 1_048_576, 4_194_304, 0xfffffc00, 0xffffc000],
  fine: [131_072, 393_216, 2_097_152, 0xfffff000, 0xffff8000],
} as const;

for (const grain of ['coarse', 'fine'] as const)
  test(`${grain}: the cuts are those of FORMAT.md#chunking, byte by byte`, async () => {
    const bytes = bytesOf(3, 16 * 1024 * 1024);
    const [min, aim, max, early, late] = WRITTEN[grain];
    const sizes: number[] = [];
    let length = 0;
    let hash = 0;
    for (const byte of bytes) {
      length += 1;
      if (length > min) hash = ((hash << 1) + TABLE[byte]!) >>> 0;
      const mask = length <= aim ? early : late;
      if (length <= min || ((hash & mask) >>> 0 !== 0 && length < max)) continue;
      sizes.push(length);
      length = 0;
      hash = 0;
    }
    assert.deepEqual([...sizes, length], GOLDEN[grain]);
    assert.deepEqual(await cutsOf(piecesOf(bytes, 999_983), grain), GOLDEN[grain]);
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
  const { min, max } = GRAINS.coarse;
  const flat = Buffer.alloc(max * 2 + 1);
  assert.deepEqual(await cutsOf([flat]), [max, max, 1]);
  const short = bytesOf(7, min + 3);
  assert.ok((await collect(cut(piecesOf(short, 1)))).equals(short));
  assert.deepEqual(await cutsOf([bytesOf(7, min)]), [min]);
});
