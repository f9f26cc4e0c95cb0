import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { test } from 'node:test';
import { keptTreePath } from '#libs/contracts/stage.ts';
import { systemClock } from '#libs/kernel/clock.ts';
import type { TreeRoot } from '#libs/contracts/tree-snapshot.ts';
import { ACTING, look, openWorld, root, stage, take, unwatched } from './fixtures/world.ts';
import { openTrees } from './open.ts';

/**
 * The switch on real mounts. This file runs itself again in namespaces of its own, where it may mount: as root in one of
 * mounts, and in one of users, whose root may give files to nobody else; anybody else does all of it in the second.
 */
const GROUND = process.env['HOLDFAST_TEST_GROUND'];

if (GROUND === undefined) {
  const grounds = process.getuid?.() === 0 ? { '-m': 'mounts', '-rm': 'users' } : { '-rm': 'mounts users' };
  for (const [words, ground] of Object.entries(grounds)) {
    const may = spawnSync('unshare', [words, 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;
    if (may)
      test(`real ground (${ground})`, () => {
        const env = { ...process.env, HOLDFAST_TEST_GROUND: ground };
        delete (env as NodeJS.ProcessEnv)['NODE_TEST_CONTEXT'];
        const again = [words, process.execPath, import.meta.filename];
        const { status, stdout } = spawnSync('unshare', again, { env, encoding: 'utf8' });
        assert.equal(status, 0, stdout);
      });
    else
      test(`nothing may be mounted here (${ground}): tried are the twins in pivot.test.ts and probe.test.ts alone`, () => {
        assert.ok(existsSync('/proc'));
      });
  }
}

function mount(...words: readonly string[]): void {
  execFileSync('mount', words);
}

/** Times that survive being told in floating seconds. */
function settleTimes(folder: string): void {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  for (const path of paths) utimesSync(`${folder}/${path}`, 1_700_000_000, 1_700_000_000);
}

async function openScene(options: { files?: number } = {}) {
  const world = await openWorld();
  const mounted: string[] = [];
  for (const side of ['source', 'live']) {
    mkdirSync(world.at(side, 'media'), { recursive: true });
    mkdirSync(world.at(side, 'outside'));
  }
  const rootsAt = (side: string): TreeRoot[] => [
    root('env:.env', world.at(side, '.env'), { single: true }),
    root('media', world.at(side, 'media')),
  ];
  const trees = openTrees({ repository: world.repository, clock: systemClock });
  const seen = (side: string) => rootsAt(side).flatMap(({ path }) => look(path));
  return {
    world,
    trees,
    roots: rootsAt('live'),
    media: world.at('live', 'media'),
    env: world.at('live', '.env'),
    seen,
    mount(where: string, ...words: readonly string[]) {
      mount(...words, where);
      mounted.push(where);
    },
    async fill() {
      for (const side of ['source', 'live']) {
        mkdirSync(world.at(side, 'media', 'sub'));
        const names =
          side === 'source' ? Array.from({ length: options.files ?? 2 }, (_, n) => `new-${n}`) : [];
        for (const name of ['a', 'sub/c', `only-${side}`, ...names])
          writeFileSync(world.at(side, 'media', name), `${side} ${name}`);
        writeFileSync(world.at(side, '.env'), `FROM=${side}\n`);
        chmodSync(world.at(side, '.env'), side === 'source' ? 0o600 : 0o640);
        chmodSync(world.at(side, 'media'), side === 'source' ? 0o2750 : 0o755);
        settleTimes(world.at(side));
      }
    },
    take: () => take(world.repository, rootsAt('source')),
    stage: async () =>
      await stage(world.repository, await take(world.repository, rootsAt('source')), rootsAt('live')),
    async problems(roots = rootsAt('live'), need = { bytes: 1000, entries: 10 }) {
      const { problems } = await trees.probe(roots.map((each) => ({ ...each, ...need })));
      return problems.filter(({ message }) => !message.includes('owner and group'));
    },
    async [Symbol.asyncDispose]() {
      for (const where of mounted.toReversed()) execFileSync('umount', [where]);
      await world[Symbol.asyncDispose]();
    },
  };
}

if (GROUND?.includes('mounts')) {
  for (const kind of ['tmpfs', 'bind'])
    test(`a root that is a ${kind} mount is staged inside it and switched entry by entry; the mount stays`, async () => {
      await using scene = await openScene();
      const { media, trees, seen } = scene;
      if (kind === 'tmpfs') scene.mount(media, '-t', 'tmpfs', 'none');
      else scene.mount(media, '--bind', scene.world.at('live', 'outside'));
      await scene.fill();
      const [fresh, old] = [seen('source'), seen('live')];
      const { dev, ino } = statSync(media);
      assert.deepEqual(await scene.problems(), []);
      const staged = await scene.stage();
      const kept = keptTreePath(scene.roots[1]!, ACTING);
      assert.ok(kept.startsWith(`${media}/`));
      await trees.pivot(staged, unwatched);
      assert.deepEqual(seen('live'), fresh);
      assert.equal(statSync(kept).dev, dev);
      await trees.undo(staged, unwatched);
      assert.deepEqual(seen('live'), old);
      await trees.release(staged, unwatched);
      assert.deepEqual([statSync(media).dev, statSync(media).ino], [dev, ino]);
      assert.equal(existsSync(`${media}/.holdfast`), false);
    });

  test('an env file that is a mount of its own is written in place, both ways, with owner and mode', async () => {
    await using scene = await openScene();
    const { env, trees, seen } = scene;
    await scene.fill();
    writeFileSync(scene.world.at('live', 'outside', 'env'), 'FROM=live, and more bytes than the other\n', {
      mode: 0o640,
    });
    if (!GROUND.includes('users')) chownSync(scene.world.at('live', 'outside', 'env'), 1234, 4321);
    scene.mount(env, '--bind', scene.world.at('live', 'outside', 'env'));
    const [fresh, old] = [seen('source'), seen('live')];
    const { ino } = statSync(env);
    assert.deepEqual(await scene.problems(), []);
    const staged = await scene.stage();
    await trees.pivot(staged, unwatched);
    assert.deepEqual(seen('live'), fresh);
    assert.deepEqual(look(keptTreePath(scene.roots[0]!, ACTING)), old.slice(0, 1));
    await trees.undo(staged, unwatched);
    assert.deepEqual(seen('live'), old);
    assert.equal(statSync(env).ino, ino);
    await trees.discard(scene.roots, unwatched);
    assert.equal(readFileSync(env, 'utf8'), 'FROM=live, and more bytes than the other\n');
  });

  test('mounts below a root are refused however deep and whatever their device, with what to do', async () => {
    await using scene = await openScene();
    const { media } = scene;
    await scene.fill();
    mkdirSync(`${media}/sub/deep down`);
    scene.mount(`${media}/sub/deep down`, '--bind', scene.world.at('live', 'outside'));
    assert.equal(lstatSync(`${media}/sub/deep down`).dev, lstatSync(media).dev);
    const problems = await scene.problems();
    assert.deepEqual(
      problems.map(({ code, subject, message }) => [code, subject, message]),
      [['NOT_WRITABLE', 'media', `${media}/sub/deep down is a mount of its own and cannot be switched`]],
    );
    assert.match(problems[0]!.remedy, /root of its own/);
  });

  test('staging on another file system than its root is refused before anything is written', async () => {
    await using scene = await openScene();
    const { media } = scene;
    await scene.fill();
    mkdirSync(`${media}/.holdfast`);
    scene.mount(`${media}/.holdfast`, '-t', 'tmpfs', 'none');
    const problems = await scene.problems();
    assert.deepEqual(
      problems.map(({ code, subject, remedy }) => [code, subject, remedy]),
      [['NOT_WRITABLE', 'media', `unmount or remove ${media}/.holdfast`]],
    );
  });

  test('a root or an env file that is mounted read-only is refused with the mount command, and stays as it is', async () => {
    await using scene = await openScene();
    const { media, env, seen } = scene;
    await scene.fill();
    const old = seen('live');
    for (const path of [media, env]) {
      scene.mount(path, '--bind', path);
      mount('-o', 'remount,bind,ro', path);
    }
    const problems = await scene.problems();
    assert.deepEqual(
      problems.map(({ code, subject }) => [code, subject]),
      [
        ['NOT_WRITABLE', 'env:.env'],
        ['NOT_WRITABLE', 'media'],
      ],
    );
    assert.equal(problems[1]!.remedy, `mount -o remount,rw ${media}`);
    await assert.rejects(scene.stage(), { code: 'NOT_WRITABLE' });
    await scene.trees.discard([scene.roots[0]!], unwatched);
    assert.deepEqual(seen('live'), old);
  });

  for (const [what, size, files] of [
    ['inodes', 'nr_inodes=40', 60],
    ['bytes', 'size=64k', 30],
  ] as const)
    test(`too few ${what}: refused with the number; met while staging, the old state is whole and the place is given back`, async () => {
      await using scene = await openScene({ files });
      const { media, seen, trees } = scene;
      scene.mount(media, '-t', 'tmpfs', '-o', size, 'none');
      await scene.fill();
      const old = seen('live');
      const need = { bytes: 2000, entries: files };
      const problems = await scene.problems([scene.roots[1]!], need);
      assert.deepEqual(
        problems.map(({ code, subject }) => [code, subject]),
        [['SPACE_MISSING', 'media']],
      );
      assert.match(problems[0]!.message, new RegExp(`${what} free, \\d+ are needed`));
      await assert.rejects(scene.stage(), { code: 'SPACE_MISSING' });
      await trees.discard(scene.roots, unwatched);
      assert.deepEqual(seen('live'), old);
      assert.equal(existsSync(`${media}/.holdfast`), false);
    });

  test('a folder of an image’s layer cannot be renamed: the switch is put back whole', async () => {
    await using scene = await openScene();
    const { media, seen, trees, world } = scene;
    for (const folder of ['lower/sub', 'space/upper', 'space/work'])
      mkdirSync(world.at(folder), { recursive: true });
    scene.mount(world.at('space'), '-t', 'tmpfs', 'none');
    for (const folder of ['space/upper', 'space/work']) mkdirSync(world.at(folder));
    const layers = `lowerdir=${world.at('lower')},upperdir=${world.at('space/upper')},workdir=${world.at('space/work')}`;
    writeFileSync(world.at('lower', 'sub', 'of the image'), 'x');
    scene.mount(
      media,
      '-t',
      'overlay',
      '-o',
      `${layers},${GROUND.includes('users') ? 'userxattr' : 'redirect_dir=off'}`,
      'overlay',
    );
    writeFileSync(`${media}/written`, 'y');
    mkdirSync(world.at('source', 'media', 'sub'));
    for (const side of ['source', 'live']) writeFileSync(world.at(side, '.env'), `FROM=${side}\n`);
    const old = seen('live');
    const staged = await scene.stage();
    await assert.rejects(trees.pivot(staged, unwatched));
    await trees.undo(staged, unwatched);
    assert.deepEqual(seen('live'), old);
  });
}

if (GROUND?.includes('users'))
  test('a root that may give files to nobody is told so before anything is written', async () => {
    await using scene = await openScene();
    await scene.fill();
    const { problems } = await scene.trees.probe([{ ...scene.roots[1]!, bytes: 1, entries: 1 }]);
    assert.deepEqual(
      problems.map(({ code, subject }) => [code, subject]),
      [['NOT_WRITABLE', 'media']],
    );
    assert.match(problems[0]!.message, /owner and group cannot be given back in .* \(EINVAL|EPERM\)/);
    assert.match(problems[0]!.remedy, /CAP_CHOWN/);
    assert.equal(existsSync(`${scene.media}/.holdfast`), false);
  });
