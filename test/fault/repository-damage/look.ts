import type { ManifestSnapshot } from '#libs/contracts/manifest.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Repository } from '#libs/repository/port.ts';
import { openLogs } from '#libs/saga/logs.ts';
import { committedIds } from '#libs/saga/kept-backups.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { manifestsOf } from '#services/restore-coordinator/fixtures/manifest.ts';
import { findDamage } from '#services/verifier/handlers/find-damage.ts';
import { DEPLOYMENTS, type KeptBackup } from './kept-backups.ts';

/** The backups, by `deployment/id`, that reading everything again names: by manifest, snapshot or pack. */
export async function namedHarmed(store: ObjectStore, repository: Repository): Promise<ReadonlySet<string>> {
  const named = new Set<string>();
  const packs = new Map<string, Promise<unknown>>();
  const lookAtPack = (pack: string) => {
    const looked = packs.get(pack) ?? repository.verifyPack(pack);
    packs.set(pack, looked);
    return looked;
  };
  for (const deployment of DEPLOYMENTS) {
    const { manifests } = manifestsOf(deployment, store, repository);
    const log = await openLogs(store).read(deployment).catch(brokenLog);
    // A manifest that is gone is in no listing: that there was one is known by the log.
    for (const id of new Set([...(await manifests.ids(deployment)), ...committedIds(log)])) {
      const found = await manifests.look(deployment, id);
      const isHarmed = 'damaged' in found || (await isDamaged(found.manifest.snapshots, deployment));
      if (isHarmed) named.add(`${deployment}/${id}`);
    }
  }
  return named;

  async function isDamaged(refs: readonly ManifestSnapshot[], deployment: string): Promise<boolean> {
    const needed = new Set<string>();
    const snapshots = await findDamage(refs, async (ref) => {
      const snapshot = await repository.readSnapshot({ ...ref, deployment });
      for (const pack of await repository.neededPacks(snapshot)) needed.add(pack);
    });
    return snapshots.length + (await findDamage(needed, lookAtPack)).length > 0;
  }
}

/** Whether every stream comes back as it went in. Throws when other bytes come, for that must never be. */
export async function comesBack(
  repository: Repository,
  { deployment, snapshots, streams }: KeptBackup,
): Promise<boolean> {
  for (const ref of snapshots) {
    const snapshot = await orUndefined(repository.readSnapshot({ ...ref, deployment }));
    if (snapshot === undefined) return false;
    for (const [name, stream] of Object.entries(snapshot.streams)) {
      const bytes = await orUndefined(Array.fromAsync(repository.read(stream)));
      if (bytes === undefined) return false;
      if (!Buffer.concat(bytes).equals(streams.get(`${ref.component}/${name}`)!))
        throw new Error(`other bytes of ${deployment} ${ref.id} ${name}`);
    }
  }
  return true;
}

async function orUndefined<T>(reading: Promise<T>): Promise<T | undefined> {
  return await reading.catch((thrown: unknown) => {
    if (HoldfastError.from(thrown).entry.retry !== 'corrupt') throw thrown;
    return undefined;
  });
}

function brokenLog(thrown: unknown): readonly [] {
  if (HoldfastError.from(thrown).entry.retry !== 'corrupt') throw thrown;
  return [];
}
