import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SEAL_OVERHEAD } from './aead.ts';
import { chunkIdOf, METHOD, openChunk, sealChunk, sha256Of } from './chunk.ts';
import { bytesOf, rowsOf } from './fixtures/generated.ts';
import { KEYS } from './fixtures/opened.ts';
import { newestSealing } from './keys.ts';

const SEALING = newestSealing(KEYS);

function sealed(id: string, plain: Buffer) {
  const room = Buffer.alloc(plain.length + SEAL_OVERHEAD);
  const { head, bytes } = sealChunk(SEALING.chunkSeal, id, plain, room);
  return { head, sealed: room.subarray(0, bytes) };
}

const idOf = (bytes: Buffer) => chunkIdOf(KEYS.chunkId, sha256Of(bytes));

test('bytes that shrink are packed, others are stored as they are; both open again', () => {
  for (const [plain, method] of [
    [rowsOf(1, 100_000), METHOD.zstd],
    [bytesOf(1, 100_000), METHOD.stored],
  ] as const) {
    const { head, sealed: bytes } = sealed(idOf(plain), plain);
    assert.equal(head.method, method);
    assert.ok(openChunk(SEALING, head, bytes)?.equals(plain));
  }
});

test('a chunk under an id that is not its own, or with another head, does not open', () => {
  const plain = bytesOf(2, 1000);
  const wrong = sealed(idOf(bytesOf(3, 1000)), plain);
  assert.equal(openChunk(SEALING, wrong.head, wrong.sealed), undefined);
  const { head, sealed: bytes } = sealed(idOf(plain), plain);
  for (const change of [{ method: METHOD.zstd }, { rawBytes: 999 }, { id: wrong.head.id }])
    assert.equal(openChunk(SEALING, { ...head, ...change }, bytes), undefined);
});
