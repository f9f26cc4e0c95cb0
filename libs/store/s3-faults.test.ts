import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ErrorCode } from '#libs/kernel/catalogue.ts';
import { startFakeS3, type Fault } from './fake-s3.ts';
import { withRetry } from './with-retry.ts';

const X = Buffer.from('x');
const createOnly = { createOnly: true };
/** Two tries more. */
const RETRY = { pausesMs: [1, 1], random: () => 0 };
const TRANSIENT: readonly (readonly [Fault, ErrorCode])[] = [
  [429, 'STORE_THROTTLED'],
  [503, 'STORE_THROTTLED'],
  [[500, 'SlowDown'], 'STORE_THROTTLED'],
  [500, 'STORE_UNREACHABLE'],
  [502, 'STORE_UNREACHABLE'],
  [[400, 'RequestTimeout'], 'STORE_UNREACHABLE'],
  [[400, 'BadDigest'], 'STORE_UNREACHABLE'],
  [[200, 'InternalError'], 'STORE_UNREACHABLE'],
  [[200, 'SlowDown'], 'STORE_THROTTLED'],
  ['page', 'STORE_UNREACHABLE'],
  ['reset', 'STORE_UNREACHABLE'],
];
const PERMANENT: readonly (readonly [Fault, ErrorCode])[] = [
  [403, 'STORE_REFUSED'],
  [[404, 'NoSuchBucket'], 'STORE_REFUSED'],
  [301, 'STORE_REFUSED'],
  [501, 'STORE_REFUSED'],
  [507, 'STORE_FULL'],
  [[507, 'XMinioStorageFull'], 'STORE_FULL'],
  [[403, 'QuotaExceeded'], 'STORE_FULL'],
];

for (const [fault, code] of TRANSIENT)
  test(`${String(fault)} is ${code}: never sent again by the adapter, until it succeeds by the decorator`, async () => {
    await using fake = await startFakeS3();
    fake.faults.push(fault);
    await assert.rejects(fake.store.put('a', X, createOnly), { code });
    assert.deepEqual(fake.seen, ['PUT a']);
    fake.faults.push(fault, fault);
    await withRetry(fake.store, RETRY).put('a', X, createOnly);
    assert.deepEqual(fake.seen, ['PUT a', 'PUT a', 'PUT a', 'PUT a']);
    fake.faults.push(fault, fault, fault);
    await assert.rejects(withRetry(fake.store, RETRY).get('a'), { code });
  });

for (const [fault, code] of PERMANENT)
  test(`${String(fault)} is ${code} and not tried again`, async () => {
    await using fake = await startFakeS3();
    fake.faults.push(fault, fault);
    await assert.rejects(withRetry(fake.store, RETRY).put('a', X, createOnly), { code });
    await assert.rejects(withRetry(fake.store, RETRY).get('a'), { code });
    assert.deepEqual(fake.seen, ['PUT a', 'GET a']);
  });

test('an answer that is cut off is never taken for the object', async () => {
  await using fake = await startFakeS3();
  fake.objects.set('a', Buffer.alloc(100_000, 7));
  for (const cut of ['cut', 'cut unseen'] as const) {
    fake.faults.push(cut);
    await assert.rejects(fake.store.get('a'), { code: 'STORE_UNREACHABLE' });
    fake.faults.push(cut);
    assert.equal((await withRetry(fake.store, RETRY).get('a')).length, 100_000);
  }
});

test('a 200 that the store did not say is no success of any method: nothing stored, listed or deleted', async () => {
  await using fake = await startFakeS3();
  for (const fault of ['page', [200, 'InternalError']] as const)
    for (const ask of [
      () => fake.store.put('a', X, { createOnly: false }),
      () => fake.store.get('a'),
      () => fake.store.get('a', { range: { start: 0, end: 1 } }),
      () => fake.store.head('a'),
      () => fake.store.delete('a'),
      () => Array.fromAsync(fake.store.list('')),
    ]) {
      fake.faults.push(fault);
      await assert.rejects(ask, { code: 'STORE_UNREACHABLE' });
    }
});

test('a create-only put that arrived unheard meets its own bytes and succeeds', async () => {
  await using fake = await startFakeS3();
  fake.faults.push('reset after');
  await withRetry(fake.store, RETRY).put('a', X, createOnly);
  assert.deepEqual(fake.seen, ['PUT a', 'PUT a', 'GET a']);
});

test('a create-only put whose outcome was unknown loses to the bytes of another', async () => {
  await using fake = await startFakeS3();
  fake.objects.set('a', Buffer.from('of another'));
  fake.faults.push('reset');
  await assert.rejects(withRetry(fake.store, RETRY).put('a', X, createOnly), { code: 'OBJECT_EXISTS' });
});

test('a create-only put that loses at its first try does not compare: equal bytes are no win', async () => {
  await using fake = await startFakeS3();
  fake.objects.set('a', X);
  await assert.rejects(withRetry(fake.store, RETRY).put('a', X, createOnly), { code: 'OBJECT_EXISTS' });
  assert.deepEqual(fake.seen, ['PUT a']);
});

test('a conflict of two writers is a loss only when an object is there', async () => {
  await using fake = await startFakeS3();
  const conflict = [409, 'ConditionalRequestConflict'] as const;
  fake.faults.push(conflict);
  await assert.rejects(fake.store.put('a', X, createOnly), { code: 'STORE_UNREACHABLE' });
  fake.objects.set('a', Buffer.from('of another'));
  fake.faults.push(conflict);
  await assert.rejects(fake.store.put('a', X, createOnly), { code: 'OBJECT_EXISTS' });
});

test('a socket that falls silent is STORE_UNREACHABLE', async () => {
  await using fake = await startFakeS3({ silenceMs: 100 });
  fake.faults.push('silent', 'silent');
  await assert.rejects(fake.store.put('a', X, createOnly), { code: 'STORE_UNREACHABLE' });
  await assert.rejects(fake.store.get('a'), { code: 'STORE_UNREACHABLE' });
});

test('a port where nobody listens is STORE_UNREACHABLE', async () => {
  const fake = await startFakeS3();
  await fake[Symbol.asyncDispose]();
  await assert.rejects(withRetry(fake.store, RETRY).head('a'), { code: 'STORE_UNREACHABLE' });
});

test('an abort ends a request that gets no answer', async () => {
  await using fake = await startFakeS3();
  const controller = new AbortController();
  fake.faults.push('silent');
  const silent = fake.store.get('a', { signal: controller.signal });
  setTimeout(() => controller.abort(), 50);
  await assert.rejects(silent, { name: 'AbortError' });
});

test('an abort ends a pause between two tries', async () => {
  await using fake = await startFakeS3();
  const controller = new AbortController();
  fake.faults.push(503);
  const waiting = withRetry(fake.store, { pausesMs: [3_600_000] }).get('a', { signal: controller.signal });
  setTimeout(() => controller.abort(), 50);
  await assert.rejects(waiting, { name: 'AbortError' });
});

test('a store that does not honour create-only writes is found out', async () => {
  await using fake = await startFakeS3({ honoursCreateOnly: false });
  await assert.rejects(fake.store.probe(), { code: 'STORE_NOT_CREATE_ONLY' });
  await assert.rejects(withRetry(fake.store, RETRY).probe(), { code: 'STORE_NOT_CREATE_ONLY' });
  assert.equal(fake.objects.size, 0);
});
