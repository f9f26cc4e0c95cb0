import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generateX25519Identity } from 'age-encryption';
import { Secret } from '#libs/kernel/secret.ts';
import { memoryStore } from '#libs/store/memory.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { canonicalJson } from '#libs/kernel/json.ts';
import { bytesOf, collect } from './fixtures/generated.ts';
import { namesBelow } from './fixtures/opened.ts';
import type { Snapshot } from './port.ts';
import { recipientOf, unwrapRings, wrapRing } from './key-slots.ts';
import { createRepository, findRepository, newIdentity, openRepository } from './open.ts';

async function edit(store: ObjectStore, name: string, change: (text: string) => string): Promise<void> {
  await store.put(name, Buffer.from(change((await store.get(name)).toString())), { createOnly: false });
}

test('both identities open the same repository', async () => {
  const store = memoryStore();
  const { id, identity, recovery } = await createRepository({ store });
  assert.deepEqual(await findRepository(store), { id });
  const [everyday, offline] = [
    await openRepository({ store, identity }),
    await openRepository({ store, identity: recovery }),
  ];
  assert.equal(everyday.id, id);
  assert.equal(offline.mac('purpose', 'data'), everyday.mac('purpose', 'data'));
  assert.ok(offline.verifySignature(Buffer.from('text'), everyday.sign(Buffer.from('text'))));
  assert.ok(!offline.verifySignature(Buffer.from('text.'), everyday.sign(Buffer.from('text'))));
});

test('an identity without a slot, or none at all, is KEY_WRONG and is not shown', async () => {
  const store = memoryStore();
  await createRepository({ store });
  const stranger = await generateX25519Identity();
  for (const text of [stranger, 'AGE-SECRET-KEY-1NONSENSE', '']) {
    await assert.rejects(openRepository({ store, identity: new Secret(text) }), (error: Error) => {
      assert.equal((error as Error & { code: string }).code, 'KEY_WRONG');
      assert.ok(text === '' || !`${error.stack} ${String(error.cause)}`.includes(text));
      return true;
    });
  }
});

test('a damaged key slot harms no other', async () => {
  const store = memoryStore();
  const { identity, recovery } = await createRepository({ store });
  const [everydaySlot] = await namesBelow(store, 'keys/');
  await store.put(everydaySlot!, Buffer.from('damaged'), { createOnly: false });
  await assert.rejects(openRepository({ store, identity }), { code: 'KEY_WRONG' });
  await openRepository({ store, identity: recovery });
});

test('a whole holdfast.json of another repository is REPOSITORY_FOREIGN', async () => {
  const store = memoryStore();
  const { identity } = await createRepository({ store });
  const other = memoryStore();
  await createRepository({ store: other });
  await store.put('holdfast.json', await other.get('holdfast.json'), { createOnly: false });
  await assert.rejects(openRepository({ store, identity }), { code: 'REPOSITORY_FOREIGN' });
});

test('a holdfast.json and nothing else of a repository is REPOSITORY_FOREIGN', async () => {
  const store = memoryStore();
  await store.put('holdfast.json', Buffer.from('{"somebody":"else"}'), { createOnly: true });
  await assert.rejects(findRepository(store), { code: 'REPOSITORY_FOREIGN' });
  const { identity } = await createRepository({ store: memoryStore() });
  await assert.rejects(openRepository({ store, identity }), { code: 'REPOSITORY_FOREIGN' });
});

/** With a backup's stream in it, and slots of a creation that was cut off, made for the same identities. */
async function used() {
  const store = memoryStore();
  const made = await createRepository({ store });
  const cutOff: ObjectStore = {
    ...store,
    get: (name, ...rest) => (name === 'holdfast.json' ? memoryStore().get(name) : store.get(name, ...rest)),
    put: (name, ...rest) =>
      name === 'holdfast.json' ? Promise.reject(new Error('killed')) : store.put(name, ...rest),
  };
  await assert.rejects(createRepository({ store: cutOff, ...made }), { message: 'killed' });
  const repository = await openRepository({ store, identity: made.identity });
  await using writer = repository.writer();
  const ref = await writer.writeStream([PLAIN]);
  await writer.flush();
  assert.equal((await namesBelow(store, 'keys/00000001/')).length, 4);
  return { ...made, store, ref, repository };
}

const PLAIN = bytesOf(1, 5000);

function flips(bytes: Buffer): Buffer[] {
  return Array.from({ length: bytes.length }, (_, at) => {
    const copy = Buffer.from(bytes);
    copy[at]! ^= 1 << (at % 8);
    return copy;
  });
}

test('with holdfast.json missing or damaged it opens for reading, under the ring that made what is there', async () => {
  const { store, identity, recovery, id, ref, repository } = await used();
  const own = await store.get('holdfast.json');
  const damaged = [
    ...flips(own),
    own.subarray(0, 0),
    own.subarray(0, -3),
    Buffer.from('{}'),
    Buffer.from(own.toString().replace(/"createdAt": "[^"]*"/, '"createdAt": 1e999')),
    Buffer.from(own.toString().replace(/"repository": ".{4}/, '"repository": "0000')),
    undefined,
  ];
  let readOnly = 0;
  for (const bytes of damaged) {
    await store.delete('holdfast.json');
    if (bytes !== undefined) await store.put('holdfast.json', bytes, { createOnly: true });
    assert.ok((await findRepository(store)) !== undefined);
    const opened = await openRepository({ store, identity: readOnly % 2 === 0 ? identity : recovery });
    assert.equal(opened.id, id);
    assert.ok((await collect(opened.read(ref))).equals(PLAIN));
    assert.ok(opened.verifySignature(Buffer.from('text'), repository.sign(Buffer.from('text'))));
    // A letter of the signature that became a capital says the same.
    if (opened.readOnly === undefined) continue;
    readOnly += 1;
    const refusal = { code: 'REPOSITORY_READ_ONLY', details: opened.readOnly.details };
    assert.deepEqual(opened.readOnly.details, {
      object: 'holdfast.json',
      reason: bytes === undefined ? 'missing' : 'damaged',
    });
    assert.throws(() => opened.writer(), refusal);
    await assert.rejects(opened.putSnapshot({} as Snapshot), refusal);
  }
  assert.ok(readOnly > own.length - 16, `${readOnly} of ${damaged.length}`);
  await assert.rejects(openRepository({ store, identity: await newIdentity() }), { code: 'KEY_WRONG' });
  await assert.rejects(createRepository({ store, identity }), { code: 'REPOSITORY_READ_ONLY' });
});

test('an empty repository with a damaged holdfast.json opens for reading if there is only one ring', async () => {
  const store = memoryStore();
  const { identity, recovery, id } = await createRepository({ store });
  await edit(store, 'holdfast.json', () => '{}');
  const opened = await openRepository({ store, identity });
  assert.deepEqual([opened.id, opened.readOnly?.code], [id, 'REPOSITORY_READ_ONLY']);
  await wrapRing(store, {
    ring: [bytesOf(5, 32)],
    recipient: await recipientOf(identity),
    slot: 'cut-off',
  });
  await assert.rejects(openRepository({ store, identity }), { code: 'REPOSITORY_FOREIGN' });
  assert.equal((await openRepository({ store, identity: recovery })).id, id);
});

test('a manifest tells the ring as well as a pack does', async () => {
  const { store, identity, id, repository } = await used();
  const [pack] = await namesBelow(store, 'packs/');
  const manifest = { deployment: 'records' };
  const signature = repository.sign(Buffer.from(canonicalJson(manifest)));
  await store.put('backups/records/a.json', Buffer.from('{"manifest":1}'), { createOnly: true });
  await store.put('backups/records/b.json', Buffer.from(JSON.stringify({ manifest, signature })), {
    createOnly: true,
  });
  await store.delete('holdfast.json');
  await store.delete(pack!);
  const opened = await openRepository({ store, identity });
  assert.equal(opened.id, id);
  assert.ok(opened.verifySignature(Buffer.from('text'), repository.sign(Buffer.from('text'))));
  await store.delete('backups/records/b.json');
  await assert.rejects(openRepository({ store, identity }), { code: 'REPOSITORY_MISSING' });
});

test('without a list of recipients, who has no slot of the newest epoch only reads', async () => {
  const { store, identity, recovery, id } = await used();
  await store.delete('keys/recipients/00000001.json');
  assert.equal((await openRepository({ store, identity })).readOnly, undefined);
  const [epoch1] = (await unwrapRings(store, identity)).rings.filter(({ slot }) => slot.endsWith(id));
  const ring = [...epoch1!.ring, bytesOf(5, 32)];
  await wrapRing(store, { ring, recipient: await recipientOf(recovery), slot: 'recovery' });
  assert.equal((await openRepository({ store, identity: recovery })).readOnly, undefined);
  const { readOnly } = await openRepository({ store, identity });
  assert.deepEqual(readOnly?.details, { object: 'keys/', reason: 'no slot of key epoch 2 opens' });
});

test('a later format is REPOSITORY_VERSION, an empty store REPOSITORY_MISSING', async () => {
  const store = memoryStore();
  assert.equal(await findRepository(store), undefined);
  const { identity } = await createRepository({ store });
  await edit(store, 'holdfast.json', (text) => text.replace('"format": 2', '"format": 3'));
  await assert.rejects(openRepository({ store, identity }), { code: 'REPOSITORY_VERSION' });
  await assert.rejects(openRepository({ store: memoryStore(), identity }), { code: 'REPOSITORY_MISSING' });
});

test('a creation that was cut off anywhere can be repeated', async () => {
  for (const putsThatArrive of [0, 1, 2]) {
    const store = memoryStore();
    let left = putsThatArrive;
    const dying: ObjectStore = {
      ...store,
      put: (name, bytes, options) =>
        left-- > 0 ? store.put(name, bytes, options) : Promise.reject(new Error('killed')),
    };
    await assert.rejects(createRepository({ store: dying }), { message: 'killed' });
    assert.equal(await findRepository(store), undefined);
    const { identity, recovery } = await createRepository({ store });
    await openRepository({ store, identity });
    await openRepository({ store, identity: recovery });
  }
});

test('of two creators one wins, and what it made opens', async () => {
  const store = memoryStore();
  const made = await Promise.allSettled([createRepository({ store }), createRepository({ store })]);
  const winners = made.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const losers = made.flatMap((each) =>
    each.status === 'rejected' ? [each.reason as { code: string }] : [],
  );
  assert.equal(winners.length, 1);
  assert.equal(losers[0]?.code, 'OBJECT_EXISTS');
  assert.equal((await openRepository({ store, identity: winners[0]!.identity })).id, winners[0]!.id);
  assert.equal((await namesBelow(store, 'keys/00000001/')).length, 2);
});

test('a create-only put that was sent twice meets its own object and is no failure', async () => {
  const store = memoryStore();
  const twice: ObjectStore = {
    ...store,
    async put(name, bytes, options) {
      await store.put(name, bytes, options);
      if (name === 'holdfast.json') await store.put(name, bytes, options);
    },
  };
  const { identity } = await createRepository({ store: twice });
  await openRepository({ store, identity });
});
