import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { newIdentity, openRepository } from '#libs/repository/open.ts';
import { openLogs } from '#libs/saga/logs.ts';
import { openRuns } from '#libs/saga/log.ts';
import { memoryStore } from '#libs/store/memory.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { seededOrder } from '#test/fault/pivot/seeded.ts';
import { dyingStore, Killed } from '#test/fault/repository-crash/dying-store.ts';
import { CLASSES, drawHarm, withHarm, type ObjectClass } from '#test/fault/repository-damage/harm.ts';
import {
  DEPLOYMENTS,
  keepBackups,
  namesBelow,
  type Kept,
} from '#test/fault/repository-damage/kept-backups.ts';
import { comesBack, namedHarmed } from '#test/fault/repository-damage/look.ts';
import { condemnedName } from './condemned.ts';
import { replicaOf, signedList } from './fixtures/two-stores.ts';
import { replicate } from './replicate.ts';

const random = seededOrder(1);
let kept: Kept;

before(async () => {
  kept = await keepBackups(random, { identity: await newIdentity(), recovery: await newIdentity() });
});

async function copied(from: ObjectStore, to: ObjectStore) {
  return await replicate(await replicaOf({ from, to, identity: kept.identity }, DEPLOYMENTS));
}

/** Backups that the store lists; throws where one of them is not whole. */
async function wholeBackups(store: ObjectStore): Promise<readonly string[]> {
  if ((await store.head('holdfast.json')) === undefined) return [];
  const repository = await openRepository({ store, identity: kept.identity });
  const listed = await namesBelow(store, 'backups/');
  for (const backup of kept.backups)
    if (listed.includes(`backups/${backup.deployment}/${backup.backupId}.json`))
      assert.ok(await comesBack(repository, backup), backup.backupId);
  return listed;
}

async function copyOf(store: ObjectStore): Promise<ObjectStore> {
  const copy = memoryStore();
  for (const name of await namesBelow(store, ''))
    await copy.put(name, await store.get(name), { createOnly: true });
  return copy;
}

test('the second store holds the same bytes, all backups come back from it alone, and nothing is copied twice', async () => {
  const second = memoryStore();
  const first = await copied(kept.store, second);
  assert.deepEqual(first.leftOut, []);
  assert.deepEqual(await namesBelow(second, ''), await namesBelow(kept.store, ''));
  for (const name of await namesBelow(second, ''))
    assert.ok((await second.get(name)).equals(await kept.store.get(name)), name);
  assert.equal((await wholeBackups(second)).length, kept.backups.length);
  const repository = await openRepository({ store: second, identity: kept.identity });
  assert.deepEqual([...(await namedHarmed(second, repository))], []);
  const again = await copied(kept.store, second);
  assert.deepEqual([again.copied, again.bytes, again.deleted], [0, 0, 0]);
});

test('wherever it is stopped, every backup that the second store lists is whole, and the next run ends the work', async () => {
  const counting = dyingStore(memoryStore(), undefined);
  await copied(kept.store, counting);
  const whole = counting.operations();
  assert.ok(whole > 50, String(whole));
  for (let at = 0; at < whole; at += 3)
    for (const when of ['before', 'after'] as const) {
      const second = memoryStore();
      await copied(kept.store, dyingStore(second, { at, when })).catch((thrown: unknown) => {
        assert.ok(thrown instanceof Killed || (thrown as Error).cause instanceof Killed, String(thrown));
      });
      await wholeBackups(second);
      await copied(kept.store, second);
      assert.equal((await wholeBackups(second)).length, kept.backups.length);
    }
});

test('damage is never copied: it is named, and what needs it is left out until it is whole', async () => {
  for (const what of ['pack', 'snapshot', 'manifest', 'index', 'log'] satisfies readonly ObjectClass[])
    for (const how of ['empty', 'truncated', 'replaced', 'missing'] as const) {
      const harm = await drawHarm(random, { store: kept.store, other: kept.store, what, how });
      const second = memoryStore();
      const { leftOut } = await copied(withHarm(kept.store, harm), second);
      const where = `${what} ${how} ${harm.name}`;
      if (harm.bytes !== undefined)
        assert.ok(leftOut.some(({ object }) => object === harm.name) || what === 'log', where);
      assert.notDeepEqual(await second.get(harm.name).catch(() => undefined), harm.bytes ?? '', where);
      const harmed = kept.needs.get(harm.name) ?? new Set();
      assert.equal((await wholeBackups(second)).length, kept.backups.length - harmed.size, where);
      assert.ok(CLASSES[what].test(harm.name));
      assert.deepEqual((await copied(kept.store, second)).leftOut, [], where);
      assert.equal((await wholeBackups(second)).length, kept.backups.length, where);
    }
});

test('what condemned lists name as deleted is deleted, once and nothing else; not while anything is left out', async () => {
  const first = await copyOf(kept.store);
  const repository = await openRepository({ store: first, identity: kept.identity });
  const second = memoryStore();
  await copied(first, second);
  const [gone, other] = await namesBelow(first, 'packs/');
  const list = { format: 1, condemned: { 1: [other] }, deleted: [gone] };
  await first.put(condemnedName(1), signedList(repository, list), { createOnly: true });
  const bytes = await first.get(gone!);
  await first.put('index/'.padEnd(70, '0'), bytes, { createOnly: true });
  assert.equal((await copied(first, second)).deleted, 0);
  assert.ok(await second.head(gone!));
  await first.delete('index/'.padEnd(70, '0'));
  await first.delete(gone!);
  assert.equal((await copied(first, second)).deleted, 1);
  assert.equal(await second.head(gone!), undefined);
  assert.ok(await second.head(other!));
  assert.equal((await copied(first, second)).deleted, 0);
});

test('a backup that is condemned is not copied, and one whose packs were written again is', async () => {
  const first = await copyOf(kept.store);
  const repository = await openRepository({ store: first, identity: kept.identity });
  const [condemned, ...others] = await namesBelow(first, 'backups/');
  const [pack] = await namesBelow(first, 'packs/');
  const list = { format: 1, condemned: { 1: [condemned, pack] }, deleted: [] };
  await first.put(condemnedName(1), signedList(repository, list), { createOnly: true });
  await first.delete(pack!);
  const second = memoryStore();
  assert.deepEqual((await copied(first, second)).leftOut, []);
  assert.deepEqual(await namesBelow(second, 'backups/'), others);
  await first.put(condemnedName(2), Buffer.from('{}'), { createOnly: true });
  const { leftOut } = await copied(first, second);
  assert.deepEqual(leftOut.map(({ object }) => object).slice(0, 1), [condemnedName(2)]);
});

test('the copy of a log ends before a run that is open, whose journal is not copied', async () => {
  const first = await copyOf(kept.store);
  const second = memoryStore();
  const [runId, ended] = ['a'.repeat(32), 'b'.repeat(32)];
  const opened = { kind: 'opened', runKind: 'backup', exclusive: false, principal: 'p' } as const;
  for (const id of [ended, runId])
    await first.put(`runs/${id}/0000000000.json`, Buffer.from('{}'), { createOnly: true });
  for (const event of [
    { ...opened, runId: ended },
    { kind: 'closed', runId: ended, outcome: 'completed' } as const,
    { ...opened, runId },
  ])
    await openLogs(first).append('records', () => event);
  await copied(first, second);
  const log = await openLogs(second).read('records');
  assert.deepEqual([openRuns(log), log.at(-1)?.event.kind], [[], 'closed']);
  assert.deepEqual(await namesBelow(second, 'runs/'), [`runs/${ended}/0000000000.json`]);
});

test('a copy of a log tells of no condemned list that is not there', async () => {
  const first = await copyOf(kept.store);
  const repository = await openRepository({ store: first, identity: kept.identity });
  const last = async (store: ObjectStore) => (await openLogs(store).read('records')).at(-1)?.event.kind;
  await openLogs(first).append('records', () => ({ kind: 'condemned', list: 1 }));
  const second = memoryStore();
  await copied(first, second);
  assert.notEqual(await last(second), 'condemned');
  const list = { format: 1, condemned: {}, deleted: [] };
  await first.put(condemnedName(1), signedList(repository, list), { createOnly: true });
  await copied(first, second);
  assert.equal(await last(second), 'condemned');
});

test('another repository, and a log that went its own way, are told', async () => {
  const other = await keepBackups(random, { identity: await newIdentity(), recovery: await newIdentity() });
  await assert.rejects(copied(kept.store, other.store), { code: 'REPOSITORY_FOREIGN' });
  const [first, second] = [await copyOf(kept.store), memoryStore()];
  await copied(first, second);
  const event = { kind: 'held', backupId: 'b', principal: 'p', reason: '' } as const;
  for (const [store, reason] of [
    [first, 'one'],
    [second, 'other'],
  ] as const)
    await openLogs(store).append('records', () => ({ ...event, reason }));
  const { leftOut } = await copied(first, second);
  assert.deepEqual(
    leftOut.map(({ code }) => code),
    ['JOURNAL_BROKEN'],
  );
});
