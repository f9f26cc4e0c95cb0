import assert from 'node:assert/strict';
import {
  chmodSync,
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { normalize } from 'node:path/posix';
import { test } from 'node:test';
import { keptTreePath, stageFolder } from '#libs/contracts/stage.ts';
import { systemClock } from '#libs/kernel/clock.ts';
import type { TreeRoot } from '#libs/contracts/tree-snapshot.ts';
import { realDisk, type Disk } from './disk.ts';
import { ACTING, look, openWorld, root, RUN, stage, take } from './fixtures/world.ts';
import { openTrees } from './open.ts';
import type { StagedPlaces } from './port.ts';

/** Works until its n-th rename, and fails as if the process had died right before it, or right after. */
function dyingDisk(
  renames: number,
  when: 'before' | 'after' = 'before',
): Disk & { readonly died: () => boolean } {
  let left = renames;
  return {
    ...realDisk,
    async rename(from, to) {
      if (left <= 0) {
        left = -1;
        if (when === 'after') await realDisk.rename(from, to);
        throw new Error('killed');
      }
      left -= 1;
      await realDisk.rename(from, to);
    },
    died: () => left < 0,
  };
}

/** Stands still right after its n-th rename, or before the first, until it is let go. */
function stoppingDisk(renames: number) {
  const stopped = Promise.withResolvers<void>();
  const going = Promise.withResolvers<void>();
  let left = renames;
  const disk: Disk = {
    ...realDisk,
    async rename(from, to) {
      if (renames > 0) await realDisk.rename(from, to);
      left -= 1;
      if (left === 0 || renames === 0) {
        stopped.resolve();
        await going.promise;
      }
      if (renames === 0) await realDisk.rename(from, to);
    },
  };
  return { disk, stopped: stopped.promise, letGo: () => going.resolve() };
}

/** A mount of a single file: a rename over it is refused. */
const mountedDisk: Disk = {
  ...realDisk,
  async rename(from, to) {
    if (to.includes('/../')) throw Object.assign(new Error('busy'), { code: 'EBUSY' });
    await realDisk.rename(from, to);
  },
};

async function switchable() {
  const world = await openWorld();
  for (const place of ['source', 'live']) {
    mkdirSync(world.at(place, 'media', 'sub'), { recursive: true });
    for (const name of ['a', 'b', `only-${place}`, 'sub/c'])
      writeFileSync(world.at(place, 'media', name), `${place} ${name}`);
    writeFileSync(world.at(place, '.env'), `FROM=${place}\n`, { mode: place === 'live' ? 0o600 : 0o640 });
    chmodSync(world.at(place, 'media'), place === 'live' ? 0o755 : 0o2750);
  }
  const rootsAt = (place: string): TreeRoot[] => [
    root('env:.env', world.at(place, '.env'), { single: true }),
    root('media', world.at(place, 'media')),
  ];
  const taken = await take(world.repository, rootsAt('source'));
  const seen = (place: string): string[] => [
    ...look(world.at(place, 'media')),
    ...look(world.at(place, '.env')),
  ];
  return {
    world,
    taken,
    fresh: seen('source'),
    old: seen('live'),
    staged: await stage(world.repository, taken, rootsAt('live')),
    roots: rootsAt('live'),
    live: () => seen('live'),
    trees: (disk: Disk = realDisk, signal = new AbortController().signal, as = ACTING) => {
      const trees = openTrees({ repository: world.repository, clock: systemClock, disk });
      return {
        pivot: (staged: StagedPlaces, { again = false } = {}) => trees.pivot(staged, { as, signal, again }),
        release: (staged: StagedPlaces) => trees.release(staged, { as, signal, onProgress: () => {} }),
        undo: (staged: StagedPlaces) => trees.undo(staged, { as, signal }),
        discard: (roots: readonly TreeRoot[], onProgress: (entries: number) => void = () => {}) =>
          trees.discard(roots, { as, signal, onProgress }),
      };
    },
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

for (const when of ['before', 'after'] as const)
  test(`stopped ${when} any rename and called again, a switch ends wholly new`, async () => {
    let deaths = 0;
    for (let renames = 0, died = true; died; renames += 1) {
      await using scene = await switchable();
      const disk = dyingDisk(renames, when);
      await scene
        .trees(disk)
        .pivot(scene.staged)
        .catch(() => {});
      died = disk.died();
      deaths += Number(died);
      await scene.trees().pivot(scene.staged);
      assert.deepEqual(scene.live(), scene.fresh, `after ${renames} renames`);
      await scene.trees().undo(scene.staged);
      assert.deepEqual(scene.live(), scene.old, `undone after ${renames} renames`);
    }
    assert.ok(deaths >= 9, `${deaths} renames were interrupted`);
  });

for (const when of ['before', 'after'] as const)
  test(`stopped ${when} any rename, a switch is undone to exactly the old, and the undo too may stop there`, async () => {
    for (let renames = 0, died = true; died; renames += 1) {
      await using scene = await switchable();
      const disk = dyingDisk(renames, when);
      await scene
        .trees(disk)
        .pivot(scene.staged)
        .catch(() => {});
      died = disk.died();
      for (let back = 0, stopped = true; stopped; back += 1) {
        const undoing = dyingDisk(back, when);
        await scene
          .trees(undoing)
          .undo(scene.staged)
          .catch(() => {});
        stopped = undoing.died();
      }
      assert.deepEqual(scene.live(), scene.old, `after ${renames} renames`);
      await assert.rejects(scene.trees().pivot(scene.staged), { code: 'STAGE_GONE' });
      await scene.trees().discard(scene.roots);
      assert.deepEqual(scene.live(), scene.old, 'discarded');
      assert.equal(existsSync(scene.world.at('live', 'media', '.holdfast')), false);
      assert.equal(existsSync(scene.world.at('live', '.holdfast')), false);
    }
  });

test('a switch half-way that is discarded is put back first', async () => {
  await using scene = await switchable();
  await assert.rejects(scene.trees(dyingDisk(6)).pivot(scene.staged));
  assert.notDeepEqual(scene.live(), scene.old);
  await scene.trees().discard(scene.roots);
  assert.deepEqual(scene.live(), scene.old);
  await assert.rejects(scene.trees().pivot(scene.staged), { code: 'STAGE_GONE' });
});

const turns = {
  'the switch is finished': { first: 'pivot', others: ['pivot'], left: 'fresh' },
  'the switch is finished and undone': { first: 'pivot', others: ['pivot', 'undo'], left: 'old' },
  'the switch is undone and discarded': { first: 'pivot', others: ['undo', 'discard'], left: 'old' },
  'the undo is finished': { first: 'undo', others: ['undo'], left: 'old' },
  'the undo is finished and switched again': { first: 'undo', others: ['undo', 'again'], left: 'fresh' },
} as const;

for (const [what, { first, others, left }] of Object.entries(turns))
  test(`who stood still between any two renames while ${what} by another changes nothing any more`, async () => {
    let stops = 0;
    for (let renames = 0, more = true; more; renames += 1) {
      await using scene = await switchable();
      const { staged, roots } = scene;
      let claim = 10;
      const worker = (disk: Disk = realDisk) => scene.trees(disk, undefined, `${RUN}.3.${(claim += 1)}`);
      if (first === 'undo') await worker().pivot(staged);
      const { disk, stopped, letGo } = stoppingDisk(renames);
      const zombie = worker(disk)
        [first](staged)
        .then(
          () => 'done',
          (error: { code: string }) => error.code,
        );
      more = (await Promise.race([stopped.then(() => 'stopped'), zombie])) === 'stopped';
      if (!more) break;
      stops += 1;
      for (const verb of others)
        await {
          pivot: () => worker().pivot(staged),
          undo: () => worker().undo(staged),
          again: () => worker().pivot(staged, { again: true }),
          discard: () => worker().discard(roots),
        }[verb]();
      assert.deepEqual(scene.live(), scene[left], `${renames} renames before`);
      letGo();
      const ended = await zombie;
      assert.deepEqual(scene.live(), scene[left], `after ${renames} renames it went on`);
      assert.equal(ended, 'STAGE_GONE');
    }
    assert.ok(stops >= 9, `${stops} stops`);
  });

test('what a predecessor still has open in a place is no longer part of it', async () => {
  await using scene = await switchable();
  const [env] = scene.staged.roots;
  const half = openSync(`${stageFolder(env!, scene.staged.stage)}/state.json.half`, 'w');
  await scene.trees().pivot(scene.staged);
  writeSync(half, 'written by who was taken over');
  assert.equal(fstatSync(half).nlink, 0);
  closeSync(half);
  assert.deepEqual(readdirSync(stageFolder(env!, ACTING)).toSorted(), [
    'new',
    'old',
    'reserve',
    'state.json',
  ]);
});

/** The copy of the env file stops after its first bytes: a full disk, or a killed process. */
function cutShort(path: string): Disk {
  return {
    ...realDisk,
    async open(from) {
      const file = await realDisk.open(from);
      if (normalize(from.toString()) !== path) return file;
      const read: typeof file.read = async function* () {
        yield Buffer.from('FR');
        throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
      };
      return { ...file, read };
    },
  };
}

test('when the copy of a single file stops midway, undoing and discarding leave the live file untouched', async () => {
  for (const ending of ['undo', 'discard', 'pivot'] as const) {
    await using scene = await switchable();
    const disk = cutShort(scene.world.at('live', '.env'));
    await assert.rejects(scene.trees(disk).pivot(scene.staged), { code: 'SPACE_MISSING' });
    assert.equal(existsSync(keptTreePath(scene.roots[0]!, ACTING)), false, 'whole or absent');
    if (ending === 'pivot') await scene.trees().pivot(scene.staged);
    if (ending === 'discard') await scene.trees().discard(scene.roots);
    else await scene.trees().undo(scene.staged);
    assert.deepEqual(scene.live(), scene.old, ending);
  }
});

test('switching twice is switching once, undoing twice is undoing once, and the old state is kept', async () => {
  await using scene = await switchable();
  await scene.trees().pivot(scene.staged);
  await scene.trees().pivot(scene.staged);
  await scene.trees().discard(scene.roots);
  assert.deepEqual(scene.live(), scene.fresh);
  const kept = keptTreePath(scene.roots[1]!, ACTING);
  assert.equal(readFileSync(`${kept}/only-live`, 'utf8'), 'live only-live');
  assert.equal(readFileSync(keptTreePath(scene.roots[0]!, ACTING), 'utf8'), 'FROM=live\n');
  await scene.trees().undo(scene.staged);
  await scene.trees().undo(scene.staged);
  assert.deepEqual(scene.live(), scene.old);
});

test('a single file that cannot be renamed over is written in place, both ways', async () => {
  await using scene = await switchable();
  const env = { ...scene.staged, roots: scene.staged.roots.filter(({ single }) => single) };
  const inode = statSync(scene.world.at('live', '.env')).ino;
  await scene.trees(mountedDisk).pivot(env);
  assert.deepEqual(look(scene.world.at('live', '.env')), look(scene.world.at('source', '.env')));
  await scene.trees(mountedDisk).undo(env);
  assert.deepEqual(look(scene.world.at('live', '.env')), scene.old.slice(-1));
  assert.equal(statSync(scene.world.at('live', '.env')).ino, inode);
});

test('what is written into a root during the switch is never replaced', async () => {
  await using scene = await switchable();
  const disk: Disk = {
    ...realDisk,
    async rename(from, to) {
      await realDisk.rename(from, to);
      if (to.includes('/old/a')) writeFileSync(scene.world.at('live', 'media', 'a'), 'written meanwhile');
    },
  };
  await assert.rejects(scene.trees(disk).pivot(scene.staged), { code: 'STEP_FAILED' });
  assert.equal(readFileSync(scene.world.at('live', 'media', 'a'), 'utf8'), 'written meanwhile');
});

test('what another worker staged since is not switched: it is not what was proved', async () => {
  await using scene = await switchable();
  const { staged, world, roots, taken } = scene;
  const later = await stage(world.repository, taken, roots, `${RUN}.3.2`);
  await assert.rejects(scene.trees().pivot(staged), { code: 'STAGE_GONE' });
  assert.deepEqual(scene.live(), scene.old);
  await scene.trees().pivot(later);
  assert.deepEqual(scene.live(), scene.fresh);
});

test('nothing is moved when one of the places is gone', async () => {
  await using scene = await switchable();
  await scene.trees().discard([scene.roots[1]!]);
  await assert.rejects(scene.trees().pivot(scene.staged), (error: { problems: { subject: string }[] }) => {
    assert.deepEqual(
      error.problems.map(({ subject }) => subject),
      ['media'],
    );
    return true;
  });
  assert.deepEqual(scene.live(), scene.old);
});

test('what was put back is switched once more, a single file too; then it is released and only the live state is left', async () => {
  await using scene = await switchable();
  const { staged, fresh, old, roots } = scene;
  const trees = scene.trees();
  await trees.pivot(staged);
  for (const _ of [1, 2]) await trees.undo(staged);
  assert.deepEqual(scene.live(), old);
  for (const _ of [1, 2]) await trees.pivot(staged, { again: true });
  assert.deepEqual(scene.live(), fresh);
  await trees.undo(staged);
  for (const _ of [1, 2]) await trees.release(staged);
  assert.deepEqual(scene.live(), old);
  for (const { path, single } of roots)
    assert.equal(existsSync(`${single ? `${path}/..` : path}/.holdfast`), false);
});

test('an aborted switch stops before its next rename, and is undone or gone on with later', async () => {
  for (const ending of ['undo', 'pivot'] as const) {
    await using scene = await switchable();
    const abort = new AbortController();
    let after = 0;
    const disk: Disk = {
      ...realDisk,
      async rename(from, to) {
        await realDisk.rename(from, to);
        if (abort.signal.aborted) after += 1;
        if (to.includes('/old/a')) abort.abort();
      },
    };
    await assert.rejects(scene.trees(disk, abort.signal).pivot(scene.staged), { name: 'AbortError' });
    assert.equal(after, 0);
    assert.equal(existsSync(scene.world.at('live', 'media', 'b')), true);
    await scene.trees()[ending](scene.staged);
    assert.deepEqual(scene.live(), ending === 'undo' ? scene.old : scene.fresh);
  }
});

test('discarding a large stage tells its life for every entry', async () => {
  await using scene = await switchable();
  const told: number[] = [];
  await scene.trees().discard(scene.roots, (entries) => told.push(entries));
  assert.ok(told.length >= 8, `${told.length} signs of life`);
  assert.deepEqual(
    told,
    told.toSorted((a, b) => a - b),
  );
});
