import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diskStore } from '#libs/store/disk.ts';
import { credentials, lockedBucket } from '#libs/store/locked-bucket.ts';
import { memoryStore } from '#libs/store/memory.ts';
import { openStore } from '#libs/store/open-store.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEPLOYMENT, openPrunedWorld } from './fixtures/pruned-world.ts';

const LOCK = '{ daily: 14d, yearly: 3000d }';
const START = Date.UTC(2026, 5, 2, 12);

interface Pruned {
  readonly lock: { locked: { backupId: string; rule: string; until: string }[]; objects: number };
  readonly forget: { forgotten: { backupId: string }[] };
  readonly clean: { deleted: number; refused: number };
}

/** Of the first two days of June, on the second. */
async function openLockedWorld(keep = '{ last: 5 }') {
  const clock = { nowMs: START, now: () => clock.nowMs };
  const store = memoryStore(clock);
  const world = await openPrunedWorld(keep, LOCK, store);
  world.now = START;
  const [yearly, daily] = [await world.backUp(1), await world.backUp(2)];
  const until = async (name: string) => (await store.retainedUntil(name))?.toISOString().slice(0, 10);
  return { clock, store, world, yearly, daily, until };
}

const outcomeOf = ({ state, outcomeJson }: { state: string; outcomeJson: string }): Pruned => {
  assert.equal(state, 'completed', outcomeJson);
  return JSON.parse(outcomeJson) as Pruned;
};
const manifest = (id: string) => `backups/${DEPLOYMENT}/${id}.json`;

test('a prune locks each backup for its class, with all that it is read from and nothing of others for longer', async () => {
  const { store, world, yearly, daily, until } = await openLockedWorld();
  await using front = await world.start();
  const { lock } = outcomeOf(await front.prune('the-first-prune'));
  assert.deepEqual(
    lock.locked.map(({ backupId, rule, until: end }) => [backupId, rule, end.slice(0, 10)]),
    [
      [daily, 'daily', '2026-06-16'],
      [yearly, 'yearly', '2034-08-18'],
    ],
  );
  for (const [id, end] of [
    [daily, '2026-06-16'],
    [yearly, '2034-08-18'],
  ] as const) {
    const { snapshots } = (await world.manifests.read(DEPLOYMENT, id)).manifest;
    const packs = snapshots.flatMap(({ packs: names }) =>
      names.map((pack) => `packs/${pack.slice(0, 2)}/${pack}`),
    );
    assert.ok(packs.length > 0);
    const refs = snapshots.map((ref) => `snapshots/${DEPLOYMENT}/${ref.component}/${ref.id}`);
    for (const name of [manifest(id), ...refs, ...packs]) assert.equal(await until(name), end, name);
  }
  const common = ['holdfast.json', ...(await world.names('keys/')).map((name) => `keys/${name}`)];
  assert.ok(common.length >= 2);
  for (const name of common) assert.equal(await until(name), '2034-08-18', name);
  await assert.rejects(store.delete(manifest(daily)), { code: 'STORE_REFUSED' });
});

test('P11: a locked backup is kept until its lock is over, is not locked for longer, and goes then', async () => {
  const { clock, world, daily, yearly, store } = await openLockedWorld('{ last: 1 }');
  const third = await world.backUp(3);
  world.now = clock.nowMs = START + 86_400_000;
  await using front = await world.start();
  await store.retain(manifest(daily), new Date(clock.nowMs + 3_600_000));
  const first = outcomeOf(await front.prune('the-first-prune'));
  assert.deepEqual(
    first.forget.forgotten.map(({ backupId }) => backupId),
    [yearly],
  );
  assert.deepEqual(
    first.lock.locked.map(({ backupId }) => backupId),
    [third],
  );
  assert.equal(outcomeOf(await front.prune('the-second-prune')).clean.refused, 0);
  assert.deepEqual(await front.listed(), [third, daily]);
  world.now = clock.nowMs += 2 * 3_600_000;
  for (const id of ['the-third-prune', 'the-fourth-prune']) outcomeOf(await front.prune(id));
  assert.deepEqual(await front.listed(), [third]);
  assert.equal(await store.head(manifest(daily)), undefined);
});

test('locks are extended as long as retention keeps the backup', async () => {
  const { clock, world, daily, until } = await openLockedWorld();
  await using front = await world.start();
  await front.prune('the-first-prune');
  world.now = clock.nowMs += 13 * 86_400_000;
  await front.prune('the-second-prune');
  const extended = (await until(manifest(daily)))!;
  assert.ok(extended > '2026-06-21', extended);
});

test('on MinIO: a day and a year differ, our credentials remove neither, and a prune keeps both', async () => {
  const { address, client, bucket } = await lockedBucket('minio');
  const store = openStore(address, credentials);
  const world = await openPrunedWorld('{ last: 2 }', LOCK, store);
  world.now = Date.now();
  const [yearly, daily] = [await world.backUp(1), await world.backUp(2)];
  await using front = await world.start();
  outcomeOf(await front.prune('the-first-prune'));
  const ends = await Promise.all([daily, yearly].map((id) => store.retainedUntil(manifest(id))));
  assert.ok(ends[0]!.getTime() < world.now + 15 * 86_400_000, String(ends[0]));
  assert.equal(ends[1]?.toISOString(), '2034-08-18T02:00:00.000Z');
  const packs = (await world.names('packs/')).map((name) => `packs/${name}`);
  assert.ok(packs.length >= 2);
  for (const name of [manifest(daily), manifest(yearly), ...packs, 'holdfast.json']) {
    await assert.rejects(store.delete(name), { code: 'STORE_REFUSED' });
    const { versionId } = await client.statObject(bucket, name);
    await assert.rejects(
      client.removeObject(bucket, name, { versionId: versionId!, governanceBypass: true }),
    );
  }
  await world.backUp(3);
  for (const id of ['the-second-prune', 'the-third-prune']) outcomeOf(await front.prune(id));
  const { forget, clean } = outcomeOf(await front.prune('the-fourth-prune'));
  assert.deepEqual([forget.forgotten, clean.deleted, clean.refused], [[], 0, 0]);
  assert.deepEqual((await front.listed()).slice(-2), [daily, yearly]);
  for (const name of [manifest(yearly), ...packs]) assert.notEqual(await store.head(name), undefined, name);
});

test('where nothing can be locked the prune fails before it forgets anything, and says so', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-locks-'));
  try {
    const store: ObjectStore = diskStore(folder);
    const world = await openPrunedWorld('{ last: 1 }', LOCK, store);
    for (const day of [1, 2]) await world.backUp(day);
    await using front = await world.start();
    const run = await front.prune('the-first-prune');
    assert.equal(run.state, 'failed');
    assert.match(JSON.stringify(run), /STORE_CANNOT_LOCK/);
    assert.equal((await front.listed()).length, 2);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
