import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { systemClock } from '#libs/kernel/clock.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { stagedTreePath } from '#libs/contracts/stage.ts';
import { makeOddTree } from './fixtures/odd-tree.ts';
import { look, openWorld, readRecords, root, RUN, stage, take, unwatched } from './fixtures/world.ts';
import { openTrees } from './open.ts';

const treesOf = (repository: Parameters<typeof openTrees>[0]['repository']) =>
  openTrees({ repository, clock: systemClock });

test('a tree of odd entries comes back as it was, into a root that was not there', async () => {
  await using world = await openWorld();
  makeOddTree(world.at('media'));
  const before = look(world.at('media'));
  assert.ok(before.length > 280, `only ${before.length} entries`);
  const taken = await take(world.repository, [root('media', world.at('media'))]);
  assert.deepEqual(taken.leftOut, []);
  const target = [root('media', world.at('else', 'where'))];
  const staged = await stage(world.repository, taken, target);
  assert.deepEqual(look(stagedTreePath(target[0]!, staged.stage)), before, 'staged');
  assert.deepEqual(await treesOf(world.repository).pivot(staged, unwatched), ['media']);
  assert.deepEqual(look(world.at('else', 'where')), before, 'live');
});

test('records come folder before content, in the byte order of names, the root first', async () => {
  await using world = await openWorld();
  makeOddTree(world.at('media'));
  const { records } = await readRecords(
    world.repository,
    await take(world.repository, [root('media', world.at('media'))]),
  );
  assert.equal(records[0]?.path, '.');
  const folders = new Set(['.']);
  for (const { path, kind } of records.slice(1)) {
    const parent = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '.';
    assert.ok(folders.has(parent), path);
    if (kind === 'folder') folders.add(path);
  }
  const top = records.map(({ path }) => path).filter((path) => path !== '.' && !path.includes('/'));
  assert.deepEqual(
    top,
    top.toSorted((a, b) => Buffer.compare(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1'))),
  );
});

test('a file of 64 MiB and a single env file with its mode come back', async () => {
  await using world = await openWorld();
  mkdirSync(world.at('media'));
  const big = randomBytes(64 << 20);
  writeFileSync(world.at('media', 'big'), big);
  writeFileSync(world.at('.env'), 'SECRET=x\r\n', { mode: 0o640 });
  const roots = [root('media', world.at('media')), root('env:.env', world.at('.env'), { single: true })];
  const taken = await take(world.repository, roots);
  assert.equal(taken.sourceBytes, big.length + 10);
  writeFileSync(world.at('media', 'big'), 'other');
  writeFileSync(world.at('.env'), 'SECRET=other');
  await treesOf(world.repository).pivot(await stage(world.repository, taken, roots), unwatched);
  const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
  assert.equal(digest(readFileSync(world.at('media', 'big'))), digest(big));
  assert.equal(readFileSync(world.at('.env'), 'utf8'), 'SECRET=x\r\n');
  assert.equal(lstatSync(world.at('.env')).mode & 0o777, 0o640);
});

test('staging again makes the place afresh, a later attempt removes it, and an earlier one is refused', async () => {
  await using world = await openWorld();
  makeOddTree(world.at('media'));
  const before = look(world.at('media'));
  const roots = [root('media', world.at('media'))];
  const taken = await take(world.repository, roots);
  const first = await stage(world.repository, taken, roots);
  await stage(world.repository, taken, roots);
  const later = await stage(world.repository, taken, roots, `${RUN}.3.2`);
  assert.equal(existsSync(stagedTreePath(roots[0]!, first.stage)), false);
  await assert.rejects(stage(world.repository, taken, roots), { code: 'STAGE_GONE' });
  await assert.rejects(treesOf(world.repository).pivot(first, { ...unwatched, as: first.stage }), {
    code: 'STAGE_GONE',
  });
  assert.deepEqual(look(stagedTreePath(roots[0]!, later.stage)), before);
  assert.deepEqual(look(world.at('media')), before, 'live is as it was, its time too');
});

test('who was taken over before its place was there leaves none', async () => {
  await using world = await openWorld();
  makeOddTree(world.at('media'));
  const roots = [root('media', world.at('media'))];
  const taken = await take(world.repository, roots);
  const refuse = async () => {
    throw new HoldfastError('STAGE_GONE', { reason: 'another worker has taken over' });
  };
  const before = look(world.at('media'));
  await assert.rejects(stage(world.repository, taken, roots, `${RUN}.3.1`, refuse), { code: 'STAGE_GONE' });
  assert.equal(existsSync(world.at('media', '.holdfast')), false);
  assert.deepEqual(look(world.at('media')), before);
  const elsewhere = [root('media', world.at('a', 'b', 'media'))];
  await assert.rejects(stage(world.repository, taken, elsewhere, `${RUN}.3.1`, refuse), {
    code: 'STAGE_GONE',
  });
  assert.equal(existsSync(world.at('a')), false);
});

test('discarding leaves no trace, not even of a root that staging had to make', async () => {
  await using world = await openWorld();
  makeOddTree(world.at('media'));
  const roots = [root('media', world.at('media'))];
  const taken = await take(world.repository, roots);
  const elsewhere = [root('media', world.at('a', 'b', 'media'))];
  await stage(world.repository, taken, elsewhere);
  await treesOf(world.repository).discard(elsewhere, unwatched);
  assert.equal(existsSync(world.at('a')), false);
  const before = look(world.at('media'));
  await stage(world.repository, taken, roots);
  const trees = treesOf(world.repository);
  await trees.discard(roots, unwatched);
  await trees.discard(roots, unwatched);
  assert.deepEqual(look(world.at('media')), before);
  assert.equal(existsSync(world.at('media', '.holdfast')), false);
});

test('an optional root that was absent then is emptied, and one absent now as well takes no part', async () => {
  await using world = await openWorld();
  const roots = [root('late', world.at('late'), { optional: true })];
  const taken = await take(world.repository, roots);
  assert.deepEqual((taken.facts['roots'] as { state: string }[])[0]?.state, 'absent');
  assert.deepEqual((await stage(world.repository, taken, roots)).roots, []);
  mkdirSync(world.at('late'));
  writeFileSync(world.at('late', 'file'), 'x');
  const before = look(world.at('late'));
  const staged = await stage(world.repository, taken, roots);
  const trees = treesOf(world.repository);
  await trees.pivot(staged, unwatched);
  assert.equal(look(world.at('late')).length, 1);
  await trees.undo(staged, unwatched);
  assert.deepEqual(look(world.at('late')), before);
  rmSync(world.at('late'), { recursive: true });
});
