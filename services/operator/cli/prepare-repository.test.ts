import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { describeHome } from '#deploy/local/home.ts';
import { diskStoreUrl } from '#deploy/local/object-store.ts';
import type { StoreChoice } from '#deploy/local/stack.ts';
import { diskStore } from '#libs/store/disk.ts';
import { systemClock } from '#libs/kernel/clock.ts';
import type { Context } from './command.ts';
import { prepareRepository } from './prepare-repository.ts';
import { openRescue } from './rescue/open-rescue.ts';

async function withHome(work: (context: Context, folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-prepare-'));
  try {
    await work(contextOf(join(folder, 'home')), folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function contextOf(home: string): Context {
  return {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'] },
    cwd: home,
    home: describeHome(home),
    clock: systemClock,
    report: { note() {}, event() {}, progress() {}, clear() {} },
    terminal: {} as Context['terminal'],
    interrupts: { signal: new AbortController().signal } as Context['interrupts'],
  };
}

const prepare = (store: StoreChoice, context: Context, recoveryFile?: string) =>
  prepareRepository({ store, recoveryFile }, context);

test('the repository is made once, with private keys of which each opens it', () =>
  withHome(async (context) => {
    const { home } = context;
    const made = await prepare({ kind: 'disk' }, context);
    const recoveryFile = join(home.folder, 'recovery-key.txt');
    assert.deepEqual(made, { id: made.id, created: true, recoveryFile });
    assert.deepEqual(await prepare({ kind: 'disk' }, context), { ...made, created: false });
    for (const keyFile of [home.keyFile, recoveryFile]) {
      assert.equal((await stat(keyFile)).mode & 0o777, 0o600);
      const given = {
        storeUrl: diskStoreUrl(home.storeFolder),
        keyFile,
        envFile: undefined,
        settings: new Map([['A', 'given']]),
      };
      const host = await openRescue(given, context);
      assert.equal(host.repository.id, made.id);
      assert.equal(host.requireSecret({ env: 'A' }).reveal(), 'given');
      assert.throws(() => host.requireSecret({ env: 'B' }), { code: 'SECRET_MISSING' });
    }
    await rm(recoveryFile);
    assert.deepEqual(await prepare({ kind: 'disk' }, context), {
      id: made.id,
      created: false,
      recoveryFile: undefined,
    });
  }));

test('a store with a repository is refused without its key, and with another key', () =>
  withHome(async (context, folder) => {
    await prepare({ kind: 'disk' }, context);
    const store: StoreChoice = { kind: 'url', url: diskStoreUrl(context.home.storeFolder) };
    const other = contextOf(join(folder, 'other'));
    await assert.rejects(prepare(store, other), { code: 'KEY_MISSING' });
    await prepare({ kind: 'disk' }, other);
    await assert.rejects(prepare(store, other), { code: 'KEY_WRONG' });
  }));

test('a second store of the same home takes the same keys: none is ever overwritten', () =>
  withHome(async (context, folder) => {
    const recovery = join(folder, 'safe', 'recovery.txt');
    await prepare({ kind: 'disk' }, context, recovery);
    const before = [await readFile(context.home.keyFile), await readFile(recovery)];
    const second: StoreChoice = { kind: 'url', url: diskStoreUrl(join(folder, 'second')) };
    assert.equal((await prepare(second, context, recovery)).created, true);
    assert.deepEqual([await readFile(context.home.keyFile), await readFile(recovery)], before);
    const note = join(folder, 'note.txt');
    await writeFile(note, 'not a key');
    const third: StoreChoice = { kind: 'url', url: diskStoreUrl(join(folder, 'third')) };
    await assert.rejects(prepare(third, context, note), { code: 'KEY_WRONG' });
    assert.equal(await readFile(note, 'utf8'), 'not a key');
  }));

test('a key that is there already is taken as it is: its folder is not written', () =>
  withHome(async (context, folder) => {
    const recovery = join(folder, 'given', 'recovery.txt');
    await prepare({ kind: 'disk' }, context, recovery);
    const written = async () => (await stat(join(recovery, '..'), { bigint: true })).mtimeNs;
    const before = await written();
    const second: StoreChoice = { kind: 'url', url: diskStoreUrl(join(folder, 'second')) };
    assert.equal((await prepare(second, context, recovery)).created, true);
    assert.equal(await written(), before);
  }));

test('a second store that is the first by another name, or another repository, is refused before anything starts', () =>
  withHome(async (context, folder) => {
    const withSecond = (place: string) =>
      prepareRepository(
        { store: { kind: 'disk' }, secondStoreUrl: diskStoreUrl(place), recoveryFile: undefined },
        context,
      );
    assert.equal((await withSecond(join(folder, 'empty'))).created, true);
    await symlink(context.home.storeFolder, join(folder, 'same'));
    await assert.rejects(withSecond(join(folder, 'same')), { code: 'SECOND_STORE_SAME' });
    const other = contextOf(join(folder, 'other'));
    await prepare({ kind: 'disk' }, other);
    await assert.rejects(withSecond(other.home.storeFolder), { code: 'REPOSITORY_FOREIGN' });
  }));

test('the store explains itself, and what somebody changed there is set right', () =>
  withHome(async (context) => {
    await prepare({ kind: 'disk' }, context);
    const store = diskStore(context.home.storeFolder);
    const names = (await Array.fromAsync(store.list('about/'))).map(({ name }) => name);
    const own = ['FORMAT.md', 'README.md', 'holdfast.mjs', 'reader.py'];
    assert.deepEqual(
      names,
      own.map((name) => `about/${name}`),
    );
    assert.ok((await store.get('about/reader.py')).equals(await readFile('test/contract/reader.py')));
    const page = (await store.get('about/README.md')).toString();
    for (const name of own.filter((each) => each !== 'README.md'))
      assert.ok(page.includes(`\`${name}\``), name);
    for (const name of names) {
      const bytes = await store.get(name);
      assert.ok(bytes.length > 1000, name);
      await store.put(name, Buffer.from('old'), { createOnly: false });
      await prepare({ kind: 'disk' }, context);
      assert.ok((await store.get(name)).equals(bytes), name);
    }
  }));

for (const kind of ['minio', 'versitygw'] as const) {
  test(`the repository in a ${kind} of our own is made before the stack runs, and found again`, () =>
    withHome(async (context) => {
      const made = await prepare({ kind }, context);
      assert.equal(made.created, true);
      assert.deepEqual(await prepare({ kind }, context), { ...made, created: false });
    }));
}
