import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { stageFolder } from '#libs/contracts/stage.ts';
import { systemClock } from '#libs/kernel/clock.ts';
import { realDisk, type Disk } from './disk.ts';
import { look, openWorld, root, RUN, stage, STAGE, take, unwatched } from './fixtures/world.ts';
import { openTrees } from './open.ts';
import { lockPlace } from './place-lock.ts';
import { ownMark } from './process-mark.ts';

const AGAIN = '01234567-89ab-4cde-8f01-23456789abcd';
const { signal } = unwatched;

async function staged() {
  const world = await openWorld();
  for (const side of ['source', 'live']) {
    mkdirSync(world.at(side, 'media'), { recursive: true });
    for (const name of ['a', 'b', 'c']) writeFileSync(world.at(side, 'media', name), `${side} ${name}`);
  }
  const taken = await take(world.repository, [root('media', world.at('source', 'media'))]);
  const places = await stage(world.repository, taken, [root('media', world.at('live', 'media'))]);
  const place = places.roots[0]!;
  const folder = stageFolder(place, STAGE);
  const lockName = () => readdirSync(folder).find((name) => name.startsWith('lock.'))!;
  return {
    places,
    place,
    folder,
    lockName,
    /** As if this process held it. */
    nameLock: (pid: number, start: string, realm: string) =>
      renameSync(join(folder, lockName()), join(folder, `lock.${pid}.${start}.${realm}.${AGAIN}`)),
    live: () => look(world.at('live', 'media')),
    fresh: look(world.at('source', 'media')),
    old: look(world.at('live', 'media')),
    trees: (disk: Disk = realDisk) => openTrees({ repository: world.repository, clock: systemClock, disk }),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

/** Begins the second call once the first is in the midst of its renames. */
function meanwhile(second: () => void): Disk {
  let begun = false;
  return {
    ...realDisk,
    async rename(from, to) {
      await realDisk.rename(from, to);
      if (begun) return;
      begun = true;
      second();
      await new Promise((resolve) => setTimeout(resolve, 30));
    },
  };
}

for (const verb of ['pivot', 'undo', 'discard'] as const)
  test(`${verb} during a switch waits for its end and finds it`, async () => {
    await using scene = await staged();
    const run = {
      pivot: () => scene.trees().pivot(scene.places, unwatched),
      undo: () => scene.trees().undo(scene.places, unwatched),
      discard: () => scene.trees().discard(scene.places.roots, RUN, unwatched),
    };
    let second: Promise<unknown> | undefined;
    const disk = meanwhile(() => {
      second = run[verb]();
    });
    await scene.trees(disk).pivot(scene.places, unwatched);
    await second;
    assert.deepEqual(scene.live(), verb === 'undo' ? scene.old : scene.fresh);
    assert.equal(scene.lockName(), 'lock.free');
  });

test('of two undoings and two removals at once each ends well, and nothing is left', async () => {
  await using scene = await staged();
  await scene.trees().pivot(scene.places, unwatched);
  await Promise.all([1, 2].map(() => scene.trees().undo(scene.places, unwatched)));
  assert.deepEqual(scene.live(), scene.old);
  await Promise.all([1, 2].map(() => scene.trees().discard(scene.places.roots, RUN, unwatched)));
  assert.equal(existsSync(join(scene.place.path, '.holdfast')), false);
});

test('a place whose holder lives is refused with a code that is tried again', async () => {
  await using scene = await staged();
  await using _held = await lockPlace(scene.place, STAGE, { signal });
  await assert.rejects(lockPlace(scene.place, STAGE, { signal, waitMs: 100 }), { code: 'STAGE_BUSY' });
});

test('what a process that ended held is taken over, by one alone', async () => {
  await using scene = await staged();
  const { realm, start } = await ownMark();
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  const ended = [
    { pid, start: '1' },
    // The pid was given to another process since.
    { pid: process.pid, start: String(Number(start) + 1) },
  ];
  for (const mark of ended) {
    scene.nameLock(mark.pid, mark.start, realm);
    const both = await Promise.allSettled(
      [1, 2].map(() => lockPlace(scene.place, STAGE, { signal, waitMs: 100 })),
    );
    assert.deepEqual(both.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected']);
    for (const each of both) if (each.status === 'fulfilled') await each.value?.[Symbol.asyncDispose]();
  }
});

test('a holder that cannot be seen from here counts as alive while it touches the lock', async () => {
  await using scene = await staged();
  scene.nameLock(1, '1', '0123456789abcdef');
  const path = join(scene.folder, scene.lockName());
  utimesSync(path, new Date(), new Date());
  await assert.rejects(lockPlace(scene.place, STAGE, { signal, waitMs: 0 }), { code: 'STAGE_BUSY' });
  const before = new Date(Date.now() - 60_000);
  utimesSync(path, before, before);
  await using lock = await lockPlace(scene.place, STAGE, { signal, waitMs: 0 });
  assert.notEqual(lock, undefined);
});
