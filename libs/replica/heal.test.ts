import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { newIdentity, openRepository } from '#libs/repository/open.ts';
import type { Repository } from '#libs/repository/port.ts';
import { openLogs } from '#libs/saga/logs.ts';
import { memoryStore } from '#libs/store/memory.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { seededOrder } from '#test/fault/pivot/seeded.ts';
import { drawHarm, HARMS, type ObjectClass } from '#test/fault/repository-damage/harm.ts';
import {
  DEPLOYMENTS,
  keepBackups,
  namesBelow,
  type Kept,
} from '#test/fault/repository-damage/kept-backups.ts';
import { condemnedName } from './condemned.ts';
import { signedList } from './fixtures/two-stores.ts';
import { findDamagedRecords } from './find-damage.ts';
import { harmedBackups, healObjects } from './heal.ts';
import { entryName } from '#libs/saga/chain.ts';
import { logPrefix } from '#libs/saga/log.ts';

const random = seededOrder(1);
let kept: Kept;
let repository: Repository;
const verify = (...signed: Parameters<Repository['verifySignature']>) =>
  repository.verifySignature(...signed);

before(async () => {
  kept = await keepBackups(random, { identity: await newIdentity(), recovery: await newIdentity() });
  repository = await openRepository({ store: kept.store, identity: kept.identity });
});

async function copyOf(store: ObjectStore): Promise<ObjectStore> {
  const copy = memoryStore();
  for (const name of await namesBelow(store, ''))
    await copy.put(name, await store.get(name), { createOnly: true });
  return copy;
}

async function damagedIn(store: ObjectStore): Promise<readonly string[]> {
  const packs = new Set(await namesBelow(store, 'packs/'));
  const { damaged } = await findDamagedRecords(
    { store, verify, deployments: DEPLOYMENTS, readLog: (name) => openLogs(store).read(name), isCopy: false },
    packs,
  );
  return damaged.map(({ object }) => object);
}

test('nothing is told of a store that is whole', async () => {
  assert.deepEqual(await damagedIn(kept.store), []);
});

test('what a record was harmed in is found, and put back byte for byte from the other store', async () => {
  for (const what of ['snapshot', 'manifest', 'index', 'log', 'description'] satisfies readonly ObjectClass[])
    for (const how of HARMS) {
      if (what === 'index' && how === 'missing') continue;
      const harm = await drawHarm(random, { store: kept.store, other: kept.store, what, how });
      const number = Number(/(\d+)\.json$/.exec(harm.name)?.[1]);
      // The newest entry is named by no other.
      if (what === 'log' && number === 2) continue;
      const store = await copyOf(kept.store);
      await store.delete(harm.name);
      if (harm.bytes !== undefined) await store.put(harm.name, harm.bytes, { createOnly: true });
      const where = `${what} ${how} ${harm.name}`;
      const found = await damagedIn(store);
      assert.ok(found.includes(harm.name), where);
      const { healed, unhealed } = await healObjects(found, { store, other: kept.store, verify });
      assert.deepEqual([healed, unhealed], [[harm.name], []], where);
      assert.ok((await store.get(harm.name)).equals(await kept.store.get(harm.name)), where);
      assert.deepEqual(await damagedIn(store), []);
    }
});

test('a copy that is damaged too heals nothing, and overwrites nothing; the backups it harms are named', async () => {
  const [pack] = await namesBelow(kept.store, 'packs/');
  const [store, other] = [await copyOf(kept.store), await copyOf(kept.store)];
  await store.put(pack!, Buffer.from('one'), { createOnly: false });
  await other.put(pack!, Buffer.from('other'), { createOnly: false });
  const { healed, unhealed } = await healObjects([pack!], { store, other, verify });
  assert.deepEqual([healed, unhealed.map(({ code }) => code)], [[], ['PACK_DAMAGED']]);
  assert.equal((await store.get(pack!)).toString(), 'one');
  const harmed = await harmedBackups([pack!], {
    store,
    verify,
    repository: await openRepository({ store, identity: kept.identity }),
  });
  assert.deepEqual(new Set(harmed).isSupersetOf(kept.needs.get(pack!)!), true);
  assert.ok(harmed.length > 0);
});

test('what nothing proves is not put back: a declaration that no manifest cites, a verdict', async () => {
  const store = await copyOf(kept.store);
  const name = `deployments/${DEPLOYMENTS[0]}/spec/1.yaml`;
  await store.put(name, Buffer.from('other: text'), { createOnly: false });
  const { healed, unhealed } = await healObjects([name], { store, other: kept.store, verify });
  assert.deepEqual([healed, unhealed.map(({ reason }) => reason)], [[], ['nothing proves its copy']]);
  assert.equal((await store.get(name)).toString(), 'other: text');
});

test('a pack that no manifest names is missed by its copy, and one that was let go is neither missed nor put back', async () => {
  const [store, copy] = [await copyOf(kept.store), await copyOf(kept.store)];
  const [gone, lost] = ['a', 'b'].map((digit) => `packs/${digit.repeat(2)}/${digit.repeat(64)}`);
  for (const name of [gone!, lost!]) await copy.put(name, Buffer.from(name), { createOnly: true });
  const list = { format: 1, condemned: {}, deleted: [gone] };
  await store.put(condemnedName(1), signedList(repository, list), { createOnly: true });
  const packs = new Set(await namesBelow(store, 'packs/'));
  const look = { store, copy, verify, deployments: [], readLog: async () => [], isCopy: false };
  const { damaged } = await findDamagedRecords(look, packs);
  assert.deepEqual(
    damaged.map(({ object }) => object),
    [lost],
  );
  const { unhealed } = await healObjects([gone!], { store, other: copy, verify });
  assert.deepEqual([unhealed, await store.head(gone!)], [[], undefined]);
});

test('two entries of a log side by side are put back, the later one first', async () => {
  const store = await copyOf(kept.store);
  const names = [0, 1].map((n) => entryName(logPrefix(DEPLOYMENTS[0]), n));
  for (const name of names) await store.put(name, Buffer.from('{}'), { createOnly: false });
  const { healed } = await healObjects(names, { store, other: kept.store, verify });
  assert.deepEqual(healed, names.toReversed());
});
