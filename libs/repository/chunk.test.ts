import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chunkIdOf, METHOD, openChunk, sealChunk, sha256Of } from './chunk.ts';
import { bytesOf, rowsOf } from './fixtures/generated.ts';
import { KEYS } from './fixtures/opened.ts';
import { newestSealing } from './keys.ts';

const SEALING = newestSealing(KEYS);
const idOf = (bytes: Buffer) => chunkIdOf(KEYS, sha256Of(bytes));

test('bytes that shrink are packed, others are stored as they are; both open again', async () => {
  for (const [plain, method] of [
    [rowsOf(1, 100_000), METHOD.zstd],
    [bytesOf(1, 100_000), METHOD.stored],
  ] as const) {
    const { head, sealed } = await sealChunk(SEALING, idOf(plain), plain);
    assert.equal(head.method, method);
    assert.ok((await openChunk(KEYS, { ...head, epoch: 1 }, sealed))?.equals(plain));
  }
});

test('a chunk under an id that is not its own, or with another head, does not open', async () => {
  const plain = bytesOf(2, 1000);
  const wrong = await sealChunk(SEALING, idOf(bytesOf(3, 1000)), plain);
  assert.equal(await openChunk(KEYS, { ...wrong.head, epoch: 1 }, wrong.sealed), undefined);
  const { head, sealed } = await sealChunk(SEALING, idOf(plain), plain);
  for (const change of [{ method: METHOD.zstd }, { rawBytes: 999 }, { id: wrong.head.id }])
    assert.equal(await openChunk(KEYS, { ...head, epoch: 1, ...change }, sealed), undefined);
});
