import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generateX25519Identity } from 'age-encryption';
import { Secret } from '#libs/kernel/secret.ts';
import { memoryStore } from '#libs/store/memory.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { namesBelow } from './fixtures/opened.ts';
import { createRepository, findRepository, openRepository } from './open.ts';

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

test('holdfast.json of another repository, or a changed one, is REPOSITORY_FOREIGN', async () => {
  const store = memoryStore();
  const { identity } = await createRepository({ store });
  const own = await store.get('holdfast.json');
  const other = memoryStore();
  await createRepository({ store: other });
  const foreign = [
    (await other.get('holdfast.json')).toString(),
    own.toString().replace(/"repository": ".{4}/, '"repository": "0000'),
    '{}',
    own.toString().slice(0, 40),
  ];
  for (const text of foreign) {
    await edit(store, 'holdfast.json', () => text);
    await assert.rejects(openRepository({ store, identity }), { code: 'REPOSITORY_FOREIGN' });
  }
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
  assert.equal((await namesBelow(store, 'keys/')).length, 2);
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
