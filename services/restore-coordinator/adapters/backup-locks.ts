import pLimit from 'p-limit';
import { DESCRIPTION_OBJECT } from '#libs/repository/description.ts';
import type { Repository } from '#libs/repository/port.ts';
import { packObject } from '#libs/repository/pack.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { CoordinatorPorts, Manifests } from '../ports.ts';

/** Each is a question and seldom an answer to it; the store's own limit is above all. */
const AT_ONCE = 16;

/** Without these nobody reads a backup: keys and who has them, what the store is, what cleanings have named. */
const COMMON = ['keys/', 'condemned/'];

interface Deps {
  readonly store: ObjectStore;
  readonly repository: Pick<Repository, 'lastingPacks' | 'readSnapshot'>;
  readonly manifests: Pick<Manifests, 'read'>;
}

/** What several backups need is locked as long as any of them wants. The manifests come last: a locked one is locked with all it needs. */
export function backupLocks({ store, repository, manifests }: Deps): CoordinatorPorts['lockBackups'] {
  return async (deployment, locks, { signal, progress }) => {
    const [first, ...others] = locks;
    if (first === undefined) return 0;
    const packsOf = await repository.lastingPacks({ signal });
    const needed = new Map<string, number>();
    const own = new Map<string, number>();
    const want = (name: string, untilMs: number) =>
      needed.set(name, Math.max(needed.get(name) ?? 0, untilMs));
    for (const { backupId, untilMs } of locks) {
      const { manifest } = await manifests.read(deployment, backupId);
      for (const { component, id, digest } of manifest.snapshots) {
        want(`snapshots/${deployment}/${component}/${id}`, untilMs);
        const snapshot = await repository.readSnapshot({ deployment, component, id, digest }, { signal });
        for (const pack of await packsOf(snapshot)) want(packObject(pack), untilMs);
      }
      own.set(`backups/${deployment}/${backupId}.json`, untilMs);
    }
    const longestMs = others.reduce((most, { untilMs }) => Math.max(most, untilMs), first.untilMs);
    want(DESCRIPTION_OBJECT, longestMs);
    for (const prefix of COMMON)
      for await (const { name } of store.list(prefix, { signal })) want(name, longestMs);
    let done = 0;
    for (const objects of [needed, own])
      await pLimit(AT_ONCE).map(objects, async ([name, untilMs]) => {
        await store.retain(name, new Date(untilMs), { signal });
        progress({ bytes: (done += 1), bytesTotal: needed.size + own.size, activity: 'locking' });
      });
    return done;
  };
}
