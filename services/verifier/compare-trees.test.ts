import assert from 'node:assert/strict';
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TreeRecord } from '#libs/contracts/tree-snapshot.ts';
import { treeWalk } from './adapters/tree-walk.ts';
import { compareTrees } from './domain/compare-trees.ts';
import type { Trees } from './ports.ts';

const { signal } = new AbortController();
const expected = { owners: false, digests: true };

/** Names that a plain comparison of paths would order differently than the walk. */
const FILES = ['a/b', 'a/c/d', 'a-b', 'a.b', 'a b/x', 'a!', 'ab', 'sub/1', 'sub/2', 'z'];

function openTree() {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-compare-'));
  const at = (path: string): string => join(folder, path);
  for (const path of FILES) {
    mkdirSync(join(at(path), '..'), { recursive: true });
    writeFileSync(at(path), `content of ${path}`);
  }
  utimesSync(at('sub/1'), 1000, 1000);
  linkSync(at('sub/1'), at('sub/one'));
  symlinkSync('sub', at('to sub'));
  return { folder, at, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}

async function* listed(root: string, path: string): AsyncIterable<TreeRecord> {
  const firsts = new Map<string, string>();
  for await (const seen of treeWalk.walk(path, { digest: true, signal })) {
    const { kind, mode, uid, gid, target, bytes, sha256, inode } = seen;
    const base = { root, path: seen.path, mode, uid, gid, mtimeNs: String(seen.mtimeNs) };
    const same = kind === 'file' ? firsts.get(inode) : undefined;
    if (same !== undefined) yield { ...base, kind: 'link', same };
    else if (kind === 'file') yield { ...base, kind, data: { bytes, sha256, chunks: [] } };
    else if (kind === 'symlink') yield { ...base, kind, target };
    else yield { ...base, kind: 'folder' };
    if (same === undefined) firsts.set(inode, seen.path);
  }
}

async function* inTurn(...parts: AsyncIterable<TreeRecord>[]): AsyncIterable<TreeRecord> {
  for (const part of parts) yield* part;
}

async function* kept(records: readonly TreeRecord[]): AsyncIterable<TreeRecord> {
  yield* records;
}

async function compare(
  listing: AsyncIterable<TreeRecord>,
  places: Record<string, string>,
  trees: Trees = treeWalk,
) {
  const named = Object.entries(places).map(([root, path]) => ({ root, path }));
  const what = { name: 'files', level: 3, listing, places: named, expected };
  const { checks, problems } = await compareTrees(what, trees, signal);
  return { ok: checks[0]!.ok, found: problems.map(({ subject, message }) => `${subject} ${message}`) };
}

test('equal trees are equal, whatever other roots the listing holds and in whatever order they are asked for', async () => {
  using one = openTree();
  using two = openTree();
  const listing = () =>
    inTurn(listed('one', one.folder), listed('other', one.folder), listed('two', two.folder));
  for (const places of [
    { one: one.folder, two: two.folder },
    { two: two.folder, one: one.folder },
    { two: two.folder },
  ])
    assert.deepEqual(await compare(listing(), places), { ok: true, found: [] });
});

test('each entry that is missing, added, changed or no longer linked is named, and nothing else', async () => {
  using tree = openTree();
  const records = await Array.fromAsync(listed('media', tree.folder));
  const places = { media: tree.folder };
  const after = async (change: () => void): Promise<readonly string[]> => {
    change();
    const { found } = await compare(kept(records), places);
    return found.filter((line) => !line.includes('modification time'));
  };
  assert.deepEqual(await after(() => renameSync(tree.at('a-b'), tree.at('a+b'))), [
    'media/a+b was not in the backup',
    'media/a-b is missing',
  ]);
  renameSync(tree.at('a+b'), tree.at('a-b'));
  assert.deepEqual(await after(() => rmSync(tree.at('a/c'), { recursive: true })), [
    'media/a/c is missing',
    'media/a/c/d is missing',
  ]);
  assert.deepEqual(
    await after(() => {
      rmSync(tree.at('sub/one'));
      writeFileSync(tree.at('sub/one'), 'content of sub/1');
      utimesSync(tree.at('sub/one'), 1000, 1000);
      rmSync(tree.at('z'));
    }),
    [
      'media/a/c is missing',
      'media/a/c/d is missing',
      'media/sub/one is no longer linked to sub/1',
      'media/z is missing',
    ],
  );
});

test('a root without records holds nothing but what was not in the backup', async () => {
  using tree = openTree();
  const { ok, found } = await compare(kept([]), { media: tree.folder });
  assert.equal(ok, false);
  assert.ok(found.every((line) => line.endsWith('was not in the backup')));
});

test('the listing is read one record ahead of the walk', async () => {
  using tree = openTree();
  let read = 0;
  let seen = 0;
  let aheadMax = 0;
  async function* counted() {
    for await (const record of listed('media', tree.folder)) {
      read += 1;
      yield record;
    }
  }
  const trees: Trees = {
    ...treeWalk,
    async *walk(path, options) {
      for await (const entry of treeWalk.walk(path, options)) {
        aheadMax = Math.max(aheadMax, read - seen);
        seen += 1;
        yield entry;
      }
    },
  };
  assert.deepEqual(await compare(counted(), { media: tree.folder }, trees), { ok: true, found: [] });
  assert.equal(aheadMax, 1);
});
