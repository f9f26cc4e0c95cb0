import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '#libs/kernel/secret.ts';
import { memoryStore } from '#libs/store/memory.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import {
  addPassphrase,
  addRecipient,
  beginEpoch,
  listRecipients,
  startRecipients,
  unlockPassphrase,
} from './change-recipients.ts';
import { bytesOf, collect } from './fixtures/generated.ts';
import { namesBelow } from './fixtures/opened.ts';
import { recipientOf } from './key-slots.ts';
import { createRepository, newIdentity, openRepository, type OpenedRepository } from './open.ts';

const CONTENT = bytesOf(1, 1000);

async function made() {
  const store = memoryStore();
  const { identity, recovery } = await createRepository({ store });
  return { store, identity, recovery };
}

async function withColleague() {
  const known = await made();
  const colleague = await newIdentity();
  const recipient = await recipientOf(colleague);
  await addRecipient(known, { name: 'colleague', kind: 'identity', recipient });
  return { ...known, colleague };
}

async function write(repository: OpenedRepository, bytes = CONTENT) {
  await using writer = repository.writer();
  const stream = await writer.writeStream([bytes]);
  await writer.flush();
  return stream;
}

const namesIn = async (store: ObjectStore) =>
  (await listRecipients(store)).recipients.map(({ name }) => name);

test('a new repository is of everyday and recovery, and who is added opens all of it', async () => {
  const { store, identity, colleague } = await withColleague();
  assert.deepEqual(await namesIn(store), ['everyday', 'recovery', 'colleague']);
  const stream = await write(await openRepository({ store, identity }));
  const opened = await openRepository({ store, identity: colleague });
  assert.equal(opened.readOnly, undefined);
  assert.ok((await collect(opened.read(stream))).equals(CONTENT));
  const none = { name: 'none', kind: 'identity', recipient: 'age1none' } as const;
  await assert.rejects(addRecipient({ store, identity }, none), { code: 'KEYS_REFUSED' });
  const again = { name: 'colleague', kind: 'identity', recipient: await recipientOf(await newIdentity()) };
  await assert.rejects(addRecipient({ store, identity }, again as never), { code: 'KEYS_REFUSED' });
});

test('who is removed opens nothing that is written from then on, and writes nothing', async () => {
  const { store, identity, recovery, colleague } = await withColleague();
  const before = await openRepository({ store, identity: colleague });
  const old = await write(before);
  assert.deepEqual(await beginEpoch({ store, identity }, { removed: 'colleague' }), { epoch: 2 });
  assert.deepEqual(await namesIn(store), ['everyday', 'recovery']);
  const young = await write(await openRepository({ store, identity }), bytesOf(2, 1000));
  await assert.rejects(openRepository({ store, identity: colleague }), { code: 'KEY_WRONG' });
  // A process that has been at it all the while.
  assert.ok((await collect(before.read(old))).equals(CONTENT));
  await assert.rejects(collect(before.read(young)), { code: 'CHUNK_MISSING' });
  await before.refresh();
  assert.equal(before.readOnly?.code, 'REPOSITORY_READ_ONLY');
  assert.throws(() => before.writer(), { code: 'REPOSITORY_READ_ONLY' });
  const opened = await openRepository({ store, identity: recovery });
  assert.ok((await collect(opened.read(young))).equals(bytesOf(2, 1000)));
});

test('a process that is open goes on under the new key, and what it has begun under the old one', async () => {
  const { store, identity } = await made();
  const repository = await openRepository({ store, identity });
  await using begun = repository.writer();
  const first = await begun.writeStream([CONTENT]);
  await beginEpoch({ store, identity });
  await repository.refresh();
  await begun.flush();
  const second = await write(repository, bytesOf(2, 1000));
  const epochs = await Promise.all(
    (await namesBelow(store, 'packs/')).map(async (name) => {
      const bytes = await store.get(name);
      const start = bytes.length - 16 - bytes.readUInt32BE(bytes.length - 16);
      return bytes.readUInt32BE(start);
    }),
  );
  assert.deepEqual(new Set(epochs), new Set([1, 2]));
  for (const reader of [repository, await openRepository({ store, identity })]) {
    assert.ok((await collect(reader.read(first))).equals(CONTENT));
    assert.ok((await collect(reader.read(second))).equals(bytesOf(2, 1000)));
  }
});

test('a passphrase unlocks an identity that opens all, also after the next epoch', async () => {
  const { store, identity } = await made();
  await addPassphrase({ store, identity }, { name: 'vault', passphrase: new Secret('correct horse') });
  await beginEpoch({ store, identity });
  const stream = await write(await openRepository({ store, identity }));
  const { name, identity: unlocked } = await unlockPassphrase(store, new Secret('correct horse'));
  assert.equal(name, 'vault');
  await assert.rejects(unlockPassphrase(store, new Secret('wrong horse')), { code: 'KEY_WRONG' });
  assert.ok(
    (await collect((await openRepository({ store, identity: unlocked })).read(stream))).equals(CONTENT),
  );
});

test('nobody removes the last but one, the key in use, or somebody that is not there', async () => {
  const { store, identity, recovery } = await made();
  for (const removed of ['recovery', 'everyday', 'nobody'])
    await assert.rejects(beginEpoch({ store, identity }, { removed }), { code: 'KEYS_REFUSED' }, removed);
  await addPassphrase({ store, identity }, { name: 'vault', passphrase: new Secret('correct horse') });
  await assert.rejects(beginEpoch({ store, identity }, { removed: 'everyday' }), { code: 'KEYS_REFUSED' });
  await beginEpoch({ store, identity: recovery }, { removed: 'everyday' });
  await assert.rejects(openRepository({ store, identity }), { code: 'KEY_WRONG' });
});

test('a removal that is stopped anywhere has happened or has not, and can be done again', async () => {
  for (let stops = 0; ; stops += 1) {
    const { store, identity, recovery, colleague } = await withColleague();
    let left = stops;
    const step = async <T>(act: () => Promise<T>): Promise<T> => {
      if (left === 0) throw new Error('killed');
      left -= 1;
      return await act();
    };
    const dying: ObjectStore = {
      ...store,
      put: (...words) => step(() => store.put(...words)),
      delete: (...words) => step(() => store.delete(...words)),
    };
    const ended = await beginEpoch({ store: dying, identity }, { removed: 'colleague' }).then(
      () => 'done',
      (thrown: unknown) => (thrown as Error).message,
    );
    assert.ok(['done', 'killed'].includes(ended), ended);
    const { epoch } = await listRecipients(store);
    const stream = await write(await openRepository({ store, identity: recovery }));
    const opened = await openRepository({ store, identity: colleague }).catch(() => undefined);
    const readable = opened !== undefined && (await collect(opened.read(stream)).catch(() => undefined));
    assert.equal(readable !== undefined && readable !== false, epoch === 1, `after ${stops} writes`);
    if (epoch === 1) await beginEpoch({ store, identity: recovery }, { removed: 'colleague' });
    else await beginEpoch({ store, identity: recovery });
    await assert.rejects(openRepository({ store, identity: colleague }), { code: 'KEY_WRONG' });
    const young = await write(await openRepository({ store, identity }), bytesOf(3, 1000));
    assert.ok((await collect((await openRepository({ store, identity: recovery })).read(young))).length > 0);
    if (ended === 'done') return;
  }
});

test('an addition that is stopped anywhere can be done again, for the same or for another recipient', async () => {
  for (let stops = 0; ; stops += 1) {
    const { store, identity } = await made();
    const [first, second] = [await newIdentity(), await newIdentity()];
    let left = stops;
    const dying: ObjectStore = {
      ...store,
      put: (...words) => (left-- > 0 ? store.put(...words) : Promise.reject(new Error('killed'))),
    };
    const add = async (to: ObjectStore, who: Secret) =>
      await addRecipient(
        { store: to, identity },
        { name: 'colleague', kind: 'identity', recipient: await recipientOf(who) },
      );
    const ended = await add(dying, first).then(
      () => 'done',
      (thrown: unknown) => (thrown as Error).message,
    );
    if (ended === 'done') return;
    assert.equal(ended, 'killed');
    await add(store, second);
    assert.equal((await openRepository({ store, identity: second })).readOnly, undefined);
    await beginEpoch({ store, identity });
    await assert.rejects(
      openRepository({ store, identity: first }).then(({ readOnly }) => Promise.reject(readOnly)),
    );
  }
});

test('of two changes at once one is refused, and the other holds', async () => {
  const { store, identity, recovery } = await withColleague();
  const ends = await Promise.allSettled([
    beginEpoch({ store, identity }, { removed: 'colleague' }),
    beginEpoch({ store, identity: recovery }),
  ]);
  assert.deepEqual(ends.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected']);
  for (const holder of [identity, recovery])
    assert.equal((await openRepository({ store, identity: holder })).readOnly, undefined);
});

test('a torn list leaves a repository that is read, and a missing first one is made good', async () => {
  const { store, identity, recovery } = await made();
  const [name] = await namesBelow(store, 'keys/recipients/');
  const bytes = await store.get(name!);
  const torn = Buffer.from(bytes);
  torn[60]! ^= 1;
  await store.put(name!, torn, { createOnly: false });
  const { readOnly } = await openRepository({ store, identity });
  assert.deepEqual(readOnly?.details, { object: name, reason: 'damaged' });
  await store.delete(name!);
  assert.equal((await openRepository({ store, identity })).readOnly, undefined);
  await assert.rejects(listRecipients(store), { code: 'KEYS_REFUSED' });
  await startRecipients({ store, identity, recovery });
  assert.deepEqual(await namesIn(store), ['everyday', 'recovery']);
});
