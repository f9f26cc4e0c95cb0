import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import pLimit from 'p-limit';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { ErrorCode } from '#libs/kernel/catalogue.ts';
import { locking } from './conformance-locking.ts';
import type { ObjectStore } from './port.ts';

/** What a store is tried on; it may hold objects of others. */
export interface StoreRig extends AsyncDisposable {
  readonly store: ObjectStore;
}

const ROUNDS = 50;
const CONTENDERS = 12;
const LARGE_BYTES = 20 * 1024 * 1024;
const HOSTILE = [
  '',
  '..',
  'a/../b',
  'a//b',
  '/a',
  'a/',
  '.a',
  'a/.b',
  'x'.repeat(600),
  'a\nb',
  'a b',
  'ä',
  'a\\b',
];

/** One suite for every store: what its port promises, seen from outside. */
export function storeConformance(name: string, openRig: () => Promise<StoreRig>): void {
  describe(`store on ${name}`, () => {
    let rig: StoreRig;
    let store: ObjectStore;
    before(async () => {
      rig = await openRig();
      store = rig.store;
    });
    after(() => rig[Symbol.asyncDispose]());
    writing(() => store);
    reading(() => store);
    listing(() => store);
    aborting(() => store);
    locking(() => store, fresh);
  });
}

function writing(open: () => ObjectStore): void {
  test('of twelve contenders for a new name exactly one wins, and its bytes are kept', async () => {
    const store = open();
    const folder = fresh();
    for (let round = 0; round < ROUNDS; round += 1) {
      const outcomes = await Promise.allSettled(
        Array.from({ length: CONTENDERS }, (_, n) =>
          store.put(`${folder}${round}`, Buffer.from(`${n}`), { createOnly: true }),
        ),
      );
      const winners = outcomes.flatMap(({ status }, n) => (status === 'fulfilled' ? [`${n}`] : []));
      assert.deepEqual(winners, [(await store.get(`${folder}${round}`)).toString()]);
      const losers = outcomes.filter((outcome) => outcome.status === 'rejected');
      assert.ok(losers.every(({ reason }) => HoldfastError.from(reason).code === 'OBJECT_EXISTS'));
    }
  });

  test('a plain put replaces what is there', async () => {
    const name = `${fresh()}a`;
    await put(open(), name, 'first');
    await put(open(), name, 'second, longer');
    assert.equal((await open().get(name)).toString(), 'second, longer');
    assert.deepEqual(await open().head(name), { bytes: 14 });
  });

  test('an empty object is an object', async () => {
    const name = `${fresh()}empty`;
    await open().put(name, Buffer.alloc(0), { createOnly: true });
    assert.deepEqual(await open().head(name), { bytes: 0 });
    assert.equal((await open().get(name)).length, 0);
    assert.equal((await open().get(name, { range: { start: 0, end: 5 } })).length, 0);
    await rejects(open().put(name, Buffer.alloc(0), { createOnly: true }), 'OBJECT_EXISTS');
  });

  test('a large object comes back byte for byte, and is not written over', async () => {
    const name = `${fresh()}large`;
    const bytes = randomBytes(LARGE_BYTES);
    await open().put(name, bytes, { createOnly: true });
    assert.ok((await open().get(name)).equals(bytes));
    await rejects(open().put(name, randomBytes(LARGE_BYTES), { createOnly: true }), 'OBJECT_EXISTS');
    const range = { start: LARGE_BYTES - 70_000, end: LARGE_BYTES - 1 };
    assert.ok((await open().get(name, { range })).equals(bytes.subarray(range.start, range.end)));
  });

  test('delete removes, and may be repeated', async () => {
    const name = `${fresh()}a`;
    await put(open(), name, 'x');
    await open().delete(name);
    await open().delete(name);
    assert.equal(await open().head(name), undefined);
    await open().put(name, Buffer.from('again'), { createOnly: true });
  });

  test('hostile names are refused by every method', async () => {
    for (const name of HOSTILE) {
      await rejects(put(open(), name, 'x'), 'OBJECT_NAME_INVALID');
      await rejects(open().get(name), 'OBJECT_NAME_INVALID');
      await rejects(open().head(name), 'OBJECT_NAME_INVALID');
      await rejects(open().delete(name), 'OBJECT_NAME_INVALID');
    }
    for (const prefix of ['a', '/', '../', 'a//'])
      await rejects((async () => await namesBelow(open(), prefix))(), 'OBJECT_NAME_INVALID');
  });

  test('the probe finds create-only writes honoured and leaves nothing', async () => {
    await open().probe();
    assert.deepEqual(await namesBelow(open(), 'probe/'), []);
  });
}

function reading(open: () => ObjectStore): void {
  test('ranges are cut off at the end', async () => {
    const name = `${fresh()}a`;
    await put(open(), name, '0123456789');
    const range = async (start: number, end: number) =>
      (await open().get(name, { range: { start, end } })).toString();
    assert.equal(await range(0, 10), '0123456789');
    assert.equal(await range(3, 5), '34');
    assert.equal(await range(8, 99), '89');
    assert.equal(await range(10, 20), '');
    assert.equal(await range(99, 100), '');
    assert.equal(await range(4, 4), '');
  });

  test('what is missing is OBJECT_MISSING to get and undefined to head; so is a folder', async () => {
    const folder = fresh();
    await put(open(), `${folder}sub/a`, 'x');
    for (const name of [`${folder}none`, `${folder}no/folder`, `${folder}sub`, `${folder}sub/a/below`]) {
      await rejects(open().get(name), 'OBJECT_MISSING');
      await rejects(open().get(name, { range: { start: 0, end: 1 } }), 'OBJECT_MISSING');
      await rejects(open().get(name, { range: { start: 1, end: 1 } }), 'OBJECT_MISSING');
      assert.equal(await open().head(name), undefined);
      await open().delete(name);
    }
    assert.equal((await open().get(`${folder}sub/a`)).toString(), 'x');
  });
}

function listing(open: () => ObjectStore): void {
  test('names come in code-unit order, with their sizes, and after a given one', async () => {
    const folder = fresh();
    const tails = ['ab', 'a/b', 'a-b', 'a.b', 'B', '_', 'a/b.c', 'a/b-/x', '007', 'a0', 'b/c/d'];
    for (const tail of tails) await put(open(), folder + tail, tail);
    const ordered = tails.map((tail) => folder + tail).toSorted();
    const found = await Array.fromAsync(open().list(folder));
    assert.deepEqual(
      found,
      ordered.map((name) => ({ name, bytes: name.length - folder.length })),
    );
    for (const startAfter of [...ordered, `${folder}a`, `${folder}a/`, `${folder}b/c`, `${folder}zz`])
      assert.deepEqual(
        await namesBelow(open(), folder, startAfter),
        ordered.filter((name) => name > startAfter),
      );
  });

  test('a prefix takes whole tokens only', async () => {
    const folder = fresh();
    for (const tail of ['a/x', 'ab/x', 'a.b/x', 'a/y/z']) await put(open(), folder + tail, 'x');
    assert.deepEqual(await namesBelow(open(), `${folder}a/`), [`${folder}a/x`, `${folder}a/y/z`]);
    assert.deepEqual(await namesBelow(open(), `${folder}none/`), []);
    const all = await namesBelow(open(), '');
    assert.ok(all.includes(`${folder}ab/x`));
    assert.deepEqual(all, all.toSorted());
  });

  test('a listing longer than a page misses nothing', async () => {
    const folder = fresh();
    const names = Array.from({ length: 1_101 }, (_, n) => `${folder}${n}`);
    const limit = pLimit(16);
    await Promise.all(names.map((name) => limit(() => put(open(), name, ''))));
    assert.deepEqual(await namesBelow(open(), folder), names.toSorted());
    await Promise.all(names.map((name) => limit(() => open().delete(name))));
    assert.deepEqual(await namesBelow(open(), folder), []);
  });
}

function aborting(open: () => ObjectStore): void {
  test('an aborted put leaves the whole object or nothing', async () => {
    const name = `${fresh()}a`;
    const bytes = randomBytes(LARGE_BYTES);
    const controller = new AbortController();
    const outcome = open()
      .put(name, bytes, { createOnly: true, signal: controller.signal })
      .then(
        () => 'whole',
        (error: unknown) => HoldfastError.from(error).code,
      );
    setImmediate(() => controller.abort());
    assert.ok(['whole', 'CANCELLED'].includes(await outcome));
    const stored = await open()
      .get(name)
      .catch(() => bytes);
    assert.ok(stored.equals(bytes));
  });

  test('an abort is CANCELLED for every method', async () => {
    const name = `${fresh()}a`;
    await put(open(), name, 'x');
    const signal = AbortSignal.abort();
    await rejects(open().put(name, Buffer.from('y'), { createOnly: false, signal }), 'CANCELLED');
    await rejects(open().get(name, { signal }), 'CANCELLED');
    await rejects(open().head(name, { signal }), 'CANCELLED');
    await rejects(open().delete(name, { signal }), 'CANCELLED');
    await rejects(Array.fromAsync(open().list('', { signal })), 'CANCELLED');
    assert.equal((await open().get(name)).toString(), 'x');
  });
}

let folders = 0;
const session = randomBytes(4).toString('hex');

function fresh(): string {
  folders += 1;
  return `t-${session}/${folders}/`;
}

async function put(store: ObjectStore, name: string, text: string): Promise<void> {
  await store.put(name, Buffer.from(text), { createOnly: false });
}

async function namesBelow(store: ObjectStore, prefix: string, startAfter = ''): Promise<string[]> {
  return (await Array.fromAsync(store.list(prefix, { startAfter }))).map(({ name }) => name);
}

async function rejects(promise: Promise<unknown>, code: ErrorCode): Promise<void> {
  await assert.rejects(promise, (error) => HoldfastError.from(error).code === code);
}
