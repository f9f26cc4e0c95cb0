import type { Secret } from '#libs/kernel/secret.ts';
import { findDamagedRecords } from '#libs/replica/find-damage.ts';
import { healObjects, type Healed } from '#libs/replica/heal.ts';
import { replicate } from '#libs/replica/replicate.ts';
import { scrubPacks } from '#libs/replica/scrub-packs.ts';
import { openRepository } from '#libs/repository/open.ts';
import { openLogs } from '#libs/saga/logs.ts';
import type { ObjectStore } from '#libs/store/port.ts';

/** Works of a process that has two stores. */
interface Stores {
  readonly store: ObjectStore;
  readonly identity: Secret;
  readonly deployments: readonly string[];
}

export async function replicateTo(
  second: ObjectStore,
  { store, identity, deployments }: Stores,
): Promise<void> {
  const repository = await openRepository({ store, identity });
  const { leftOut } = await replicate({
    from: store,
    to: second,
    verify: (...signed) => repository.verifySignature(...signed),
    deployments,
    readLog: (deployment) => openLogs(store).read(deployment),
  });
  if (leftOut.length > 0) throw new Error(`left out: ${JSON.stringify(leftOut)}`);
}

/** Every pack and record of the store is read again, and what is damaged is put back from the other one. */
export async function scrubAndHeal(
  other: ObjectStore,
  { store, identity, deployments }: Stores,
): Promise<Healed> {
  const repository = await openRepository({ store, identity });
  const verify: typeof repository.verifySignature = (...signed) => repository.verifySignature(...signed);
  const packs = await Array.fromAsync(store.list('packs/'));
  const readLog = (deployment: string) => openLogs(store).read(deployment);
  const names = new Set(packs.map(({ name }) => name));
  const records = await findDamagedRecords({ store, verify, deployments, readLog, isCopy: false }, names);
  const read = await scrubPacks(
    packs,
    { every: 'all', since: new Date(0).toISOString() },
    {
      store,
      verifyPack: (...asked) => repository.verifyPack(...asked),
      clock: { now: () => 0 },
      pace: async () => {},
      signal: new AbortController().signal,
      onProgress: () => {},
    },
  );
  const damaged = [...records.damaged, ...read.damaged].map(({ object }) => object);
  return await healObjects(damaged, { store, other, verify });
}

/** Takes the bytes of what every reader can do without. */
export async function harmIndex(store: ObjectStore): Promise<void> {
  for await (const { name } of store.list('index/'))
    return await store.put(name, Buffer.from('harmed'), { createOnly: false });
}
