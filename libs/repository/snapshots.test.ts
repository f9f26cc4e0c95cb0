import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SnapshotId } from '#libs/kernel/ids.ts';
import { memoryStore } from '#libs/store/memory.ts';
import { opened } from './fixtures/opened.ts';
import type { Snapshot } from './port.ts';

const SNAPSHOT: Snapshot = {
  id: 'a1' as SnapshotId,
  deployment: 'records-eu',
  component: 'files',
  runId: 'f'.repeat(32),
  takenAt: '2026-01-01T00:00:00.000Z',
  mark: '2026-01-01T00:00:00.000Z',
  facts: { files: 2, secretPath: 'contracts/draft.pdf' },
  streams: { listing: { bytes: 3, sha256: 'b'.repeat(64), chunks: ['c'.repeat(64)] } },
  packs: ['d'.repeat(64)],
};
const WHERE = { deployment: 'records-eu', component: 'files', id: 'a1' } as const;
const NAME = 'snapshots/records-eu/files/a1';

test('a snapshot comes back as it was put, and cannot be read without the key', async () => {
  const store = memoryStore();
  const { digest } = await opened(store).putSnapshot(SNAPSHOT);
  assert.deepEqual(await opened(store).readSnapshot({ ...WHERE, digest }), SNAPSHOT);
  assert.deepEqual(await opened(store).readSnapshot(WHERE), SNAPSHOT);
  assert.ok(!(await store.get(NAME)).includes('draft.pdf'));
});

test('the same snapshot put again gives the first digest; another under its name is refused', async () => {
  const repository = opened(memoryStore());
  const first = await repository.putSnapshot(SNAPSHOT);
  assert.deepEqual(await repository.putSnapshot({ ...SNAPSHOT }), first);
  await assert.rejects(repository.putSnapshot({ ...SNAPSHOT, mark: 'later' }), { code: 'OBJECT_EXISTS' });
  assert.deepEqual(await repository.readSnapshot({ ...WHERE, ...first }), SNAPSHOT);
});

test('every flipped byte, another digest and another name are noticed', async () => {
  const store = memoryStore();
  const repository = opened(store);
  const { digest } = await repository.putSnapshot(SNAPSHOT);
  const bytes = await store.get(NAME);
  for (let at = 0; at < bytes.length; at += 1) {
    const copy = Buffer.from(bytes);
    copy.writeUInt8(copy.readUInt8(at) ^ 1, at);
    await store.put(NAME, copy, { createOnly: false });
    await assert.rejects(repository.readSnapshot(WHERE), { code: 'SNAPSHOT_DAMAGED' });
  }
  await store.put(NAME, bytes, { createOnly: false });
  await assert.rejects(repository.readSnapshot({ ...WHERE, digest: digest.replace(/^./, 'x') }), {
    code: 'SNAPSHOT_DAMAGED',
  });
  await store.put(NAME.replace('a1', 'a2'), bytes, { createOnly: false });
  await assert.rejects(repository.readSnapshot({ ...WHERE, id: 'a2' }), { code: 'SNAPSHOT_DAMAGED' });
  await assert.rejects(repository.readSnapshot({ ...WHERE, id: 'a3' }), { code: 'OBJECT_MISSING' });
});

test('a sealed value opens for its purpose alone', () => {
  const repository = opened(memoryStore());
  const sealed = repository.seal('vault/one', Buffer.from('value'));
  assert.equal(repository.open('vault/one', sealed).toString(), 'value');
  assert.throws(() => repository.open('vault/two', sealed), { code: 'VALUE_FOREIGN' });
  assert.throws(() => repository.open('vault/one', sealed.subarray(1)), { code: 'VALUE_FOREIGN' });
  assert.notEqual(repository.mac('a', 'bc'), repository.mac('ab', 'c'));
});
