import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryStore } from '#libs/store/memory.ts';
import { bytesOf, collect } from './fixtures/generated.ts';
import { KEYS, MASTER, namesBelow, opened } from './fixtures/opened.ts';
import { deriveKeys } from './keys.ts';
import type { Snapshot } from './port.ts';

const LATER = deriveKeys([MASTER, bytesOf(9, 32)]);
const first = bytesOf(1, 300_000);
const second = bytesOf(2, 300_000);

function snapshotOf(id: string): Snapshot {
  const [runId, moment] = ['a'.repeat(32), '2026-01-01T00:00:00.000Z'];
  const facts = {} as const;
  const known = { deployment: 'records', component: 'config', streams: {}, packs: [] } as const;
  return { ...known, id: id as Snapshot['id'], runId, takenAt: moment, mark: moment, facts };
}

async function write(store: Parameters<typeof opened>[0], keys: typeof KEYS, bytes: Buffer, id: string) {
  const repository = opened(store, keys);
  await using writer = repository.writer();
  const ref = await writer.writeStream([bytes]);
  const totals = await writer.flush();
  const { digest } = await repository.putSnapshot(snapshotOf(id));
  return { ref, totals, value: repository.seal('value', bytes), digest };
}

test('a ring reads everything of its epochs, and keeps what is stored already', async () => {
  const store = memoryStore();
  const old = await write(store, KEYS, first, 'old');
  const young = await write(store, LATER, Buffer.concat([first, second]), 'young');
  const reader = opened(store, LATER);
  assert.ok((await collect(reader.read(old.ref))).equals(first));
  assert.ok((await collect(reader.read(young.ref))).equals(Buffer.concat([first, second])));
  assert.ok(reader.open('value', old.value).equals(first));
  const again = await write(store, LATER, first, 'again');
  assert.equal(again.totals.newBytes, 0);
  for (const name of await namesBelow(store, 'packs/')) await reader.verifyPack(name.slice(9));
  const where = { deployment: 'records', component: 'config', id: 'old' } as const;
  assert.equal((await reader.readSnapshot(where)).id, 'old');
});

test('who has no key of an epoch opens nothing of it, and still everything before', async () => {
  const store = memoryStore();
  const old = await write(store, KEYS, first, 'old');
  const young = await write(store, LATER, second, 'young');
  const reader = opened(store, KEYS);
  assert.ok((await collect(reader.read(old.ref))).equals(first));
  await assert.rejects(collect(reader.read(young.ref)), { code: 'CHUNK_MISSING' });
  assert.throws(() => reader.open('value', young.value), { code: 'VALUE_FOREIGN' });
  const where = { deployment: 'records', component: 'config', id: 'young' } as const;
  await assert.rejects(reader.readSnapshot(where), { code: 'SNAPSHOT_DAMAGED' });
});
