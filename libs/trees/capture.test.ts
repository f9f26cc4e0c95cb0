import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { test } from 'node:test';
import type { Problem } from '#libs/kernel/errors.ts';
import { realDisk, type Disk } from './disk.ts';
import { excludeMatcher } from './exclude.ts';
import { makeOddTree } from './fixtures/odd-tree.ts';
import { openWorld, readRecords, root, stage, take, unwatched } from './fixtures/world.ts';
import { openTrees } from './open.ts';
import { walkTree } from './walk.ts';
import { systemClock } from '#libs/kernel/clock.ts';

/** Does something to a file each time it has been read to its end. */
function meddlingDisk(act: (path: string) => void): Disk {
  return {
    ...realDisk,
    async open(path) {
      const file = await realDisk.open(path);
      return {
        stat: () => file.stat(),
        async *read(bytes) {
          yield* file.read(bytes);
          act(path.toString());
        },
        [Symbol.asyncDispose]: () => file[Symbol.asyncDispose](),
      };
    },
  };
}

/** Refuses one file as a disk or a permission would. */
function refusingDisk(name: string, code: string): Disk {
  return {
    ...realDisk,
    async open(path) {
      if (path.toString().endsWith(name)) throw Object.assign(new Error(code), { code });
      return realDisk.open(path);
    },
  };
}

test('a file that grows while it is read keeps its first bytes and is named, without making the backup partial', async () => {
  await using world = await openWorld();
  mkdirSync(world.at('media'));
  writeFileSync(world.at('media', 'log'), 'first\n');
  const disk = meddlingDisk((path) => appendFileSync(path, 'more\n'));
  const taken = await take(world.repository, [root('media', world.at('media'))], { disk });
  const { records } = await readRecords(world.repository, taken);
  const file = records.find(({ kind }) => kind === 'file');
  assert.equal(file?.kind === 'file' && file.unsettled, 'grew');
  assert.equal(file?.kind === 'file' && file.data.bytes, 'first\nmore\n'.length);
  assert.deepEqual(
    taken.leftOut.map(({ what, partial }) => [what, partial]),
    [['media/log', false]],
  );
});

test('a file that is rewritten while it is read, twice, makes the backup partial; once is read again', async () => {
  await using world = await openWorld();
  mkdirSync(world.at('media'));
  writeFileSync(world.at('media', 'always'), 'a');
  writeFileSync(world.at('media', 'once'), 'a');
  let writes = 0;
  const disk = meddlingDisk((path) => writeFileSync(path, String((writes += 1)).padStart(3, '0')));
  const onceDisk = meddlingDisk((path) => {
    if (path.endsWith('once') && (writes += 1) === 1) writeFileSync(path, 'settled');
  });
  const partial = await take(world.repository, [root('media', world.at('media'))], { disk });
  assert.deepEqual(
    partial.leftOut.map(({ partial: isPartial }) => isPartial),
    [true, true],
  );
  writes = 0;
  const whole = await take(world.repository, [root('media', world.at('media'))], { disk: onceDisk });
  assert.deepEqual(whole.leftOut, []);
  const { records } = await readRecords(world.repository, whole);
  const once = records.find(({ path }) => path === 'once');
  assert.equal(once?.kind === 'file' && once.data.bytes, 'settled'.length);
});

test('what cannot be read makes the backup partial, or fails it with every entry where the policy says so', async () => {
  await using world = await openWorld();
  makeOddTree(world.at('media'));
  const roots = [root('media', world.at('media'))];
  const disk = refusingDisk('doc 1.pdf', 'EIO');
  const taken = await take(world.repository, roots, { disk });
  assert.equal(taken.leftOut.length, 12);
  assert.deepEqual(taken.leftOut[0], {
    what: 'media/year-0/doc 1.pdf',
    reason: 'cannot be read (EIO)',
    partial: true,
  });
  await assert.rejects(
    take(world.repository, roots, { disk, partial: 'refuse' }),
    (error: { code: string; problems: readonly Problem[] }) => {
      assert.equal(error.code, 'FILE_UNREADABLE');
      assert.equal(error.problems.length, 12);
      return true;
    },
  );
});

test('a file that breaks off while it is read is left out, and the others are whole', async () => {
  await using world = await openWorld();
  mkdirSync(world.at('media'));
  for (const name of ['a', 'b', 'c']) writeFileSync(world.at('media', name), name.repeat(500_000));
  const disk = meddlingDisk((path) => {
    if (path.endsWith('/b')) throw Object.assign(new Error('EIO'), { code: 'EIO' });
  });
  const roots = [root('media', world.at('media'))];
  const taken = await take(world.repository, roots, { disk });
  assert.deepEqual(
    taken.leftOut.map(({ what }) => what),
    ['media/b'],
  );
  const elsewhere = [root('media', world.at('back'))];
  const trees = openTrees({ repository: world.repository, clock: systemClock });
  await trees.pivot(await stage(world.repository, taken, elsewhere), unwatched);
  assert.equal(readFileSync(world.at('back', 'c'), 'utf8'), 'c'.repeat(500_000));
  assert.equal(existsSync(world.at('back', 'b')), false);
});

test('the next name of an inode takes over when its first could not be read', async () => {
  await using world = await openWorld();
  makeOddTree(world.at('media'));
  const disk = refusingDisk('/hard', 'EIO');
  const taken = await take(world.repository, [root('media', world.at('media'))], { disk });
  const { records } = await readRecords(world.repository, taken);
  const link = records.find(({ path }) => path === 'year-3/hard too');
  assert.equal(link?.kind === 'link' && link.same, 'year-0/doc 5.pdf');
  assert.equal(records.find(({ path }) => path === 'year-0/doc 5.pdf')?.kind, 'file');
});

test('a file that vanished meanwhile is not there, and is nobody’s failure', async () => {
  await using world = await openWorld();
  mkdirSync(world.at('media'));
  for (const name of ['a', 'b', 'c']) writeFileSync(world.at('media', name), name);
  const disk: Disk = {
    ...realDisk,
    open(path) {
      if (path.toString().endsWith('/b')) unlinkSync(path);
      return realDisk.open(path);
    },
  };
  const taken = await take(world.repository, [root('media', world.at('media'))], { disk });
  assert.deepEqual(taken.leftOut, []);
  const { records } = await readRecords(world.repository, taken);
  assert.deepEqual(
    records.map(({ path }) => path),
    ['.', 'a', 'c'],
  );
});

test('an entry that vanished between its name and its look is passed over', async () => {
  await using world = await openWorld();
  mkdirSync(world.at('media'));
  for (const name of ['a', 'b', 'c']) writeFileSync(world.at('media', name), name);
  const unreadable: string[] = [];
  const walk = walkTree(world.at('media'), {
    excluded: (path) => {
      if (path === 'b') unlinkSync(world.at('media', path));
      return false;
    },
    onUnreadable: (path) => unreadable.push(path),
    signal: new AbortController().signal,
  });
  assert.deepEqual(
    (await Array.fromAsync(walk)).map(({ path }) => path),
    ['.', 'a', 'c'],
  );
  assert.deepEqual(unreadable, []);
});

test('sockets and FIFOs are named as left out, and a FIFO that takes a file’s place does not stop the walk', async () => {
  await using world = await openWorld();
  mkdirSync(world.at('media'));
  execFileSync('mkfifo', [world.at('media', 'fifo')]);
  writeFileSync(world.at('media', 'swapped'), 'x');
  const server = createServer().listen(world.at('media', 'socket'));
  await new Promise((resolve) => server.once('listening', resolve));
  const disk: Disk = {
    ...realDisk,
    open(path) {
      rmSync(path);
      execFileSync('mkfifo', [path.toString()]);
      return realDisk.open(path);
    },
  };
  const taken = await take(world.repository, [root('media', world.at('media'))], { disk });
  await new Promise((resolve) => server.close(resolve));
  assert.deepEqual(
    taken.leftOut.map(({ what, partial }) => [what, partial]),
    [
      ['media/fifo', false],
      ['media/socket', false],
      ['media/swapped', true],
    ],
  );
});

test('every root that is not there is named at once, and a symbolic link is no root', async () => {
  await using world = await openWorld();
  mkdirSync(world.at('real'));
  symlinkSync('real', world.at('link'));
  const roots = [
    root('gone', world.at('gone')),
    root('maybe', world.at('maybe'), { optional: true }),
    root('link', world.at('link')),
    root('env:x', world.at('real'), { single: true }),
  ];
  const problems = await openTrees({ repository: world.repository, clock: systemClock }).inspect(roots);
  assert.deepEqual(
    problems.map(({ code, subject }) => [code, subject]),
    [
      ['ROOT_MISSING', 'gone'],
      ['ROOT_MISSING', 'link'],
      ['ROOT_MISSING', 'env:x'],
    ],
  );
  await assert.rejects(take(world.repository, roots), { code: 'REFUSED' });
});

test('what the spec excludes is not read, and is named', async () => {
  await using world = await openWorld();
  makeOddTree(world.at('media'));
  const exclude = ['year-0', 'deep', 'year-*/doc 1?.pdf', '**/*.unknown'];
  const taken = await take(world.repository, [root('media', world.at('media'), { exclude })]);
  const paths = (await readRecords(world.repository, taken)).records.map(({ path }) => path);
  assert.equal(
    paths.some((path) => path.startsWith('year-0')),
    false,
  );
  assert.equal(
    paths.some((path) => /doc 1\d/.test(path)),
    false,
  );
  assert.equal(paths.filter((path) => path.endsWith('/doc 1.pdf')).length, 11);
  assert.equal(taken.leftOut.length, 4);
});

test('exclude patterns: a name, one folder, any folders, bytes beyond ASCII', () => {
  const cases: readonly [string, string, boolean][] = [
    ['cache', 'cache', true],
    ['cache', 'sub/cache', false],
    ['/cache/', 'cache', true],
    ['tmp/*.part', 'tmp/a.part', true],
    ['tmp/*.part', 'tmp/b/a.part', false],
    ['**/__pycache__', 'a/b/__pycache__', true],
    ['**/__pycache__', '__pycache__', true],
    ['a?c', 'abc', true],
    ['a?c', 'a/c', false],
    ['a.c', 'abc', false],
    ['Grün', Buffer.from('Grün').toString('latin1'), true],
    ['x[1]', 'x[1]', true],
  ];
  for (const [pattern, path, expected] of cases)
    assert.equal(excludeMatcher([pattern])(path), expected, `${pattern} on ${path}`);
});
