import type { SnapshotRef } from '#libs/contracts/requests.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { packObject } from '#libs/repository/pack.ts';
import { readNdjson } from '#libs/repository/ndjson.ts';
import type { Repository, Snapshot } from '#libs/repository/port.ts';
import type { Host } from '#libs/runtime/host.ts';
import { openLogs, type Logs } from '#libs/saga/logs.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { Evidence } from '../ports.ts';
import { authenticBackups } from './authentic-backups.ts';

/** Of the second store, with nothing of the first. Throws SECOND_STORE_MISSING, REPOSITORY_MISSING. */
export async function secondEvidence({
  second,
  openSecond,
  clock,
}: Pick<Host, 'second' | 'openSecond' | 'clock'>): Promise<Evidence> {
  if (second === undefined || openSecond === undefined) throw new HoldfastError('SECOND_STORE_MISSING', {});
  return evidenceOf(await openSecond(), second, openLogs(second, clock));
}

/** Reads sealed snapshots and their streams. */
export function evidenceOf(
  repository: Repository,
  store: ObjectStore,
  { read: readLog }: Pick<Logs, 'read'>,
): Evidence {
  const read = (ref: SnapshotRef, signal: AbortSignal): Promise<Snapshot> =>
    repository.readSnapshot(ref, { signal });

  async function* records<T>(ref: SnapshotRef, stream: string, signal: AbortSignal): AsyncIterable<T> {
    const snapshot = await read(ref, signal);
    const source = snapshot.streams[stream];
    if (source !== undefined) yield* readNdjson<T>(repository.read(source, { signal }));
  }

  return {
    requireSnapshot: read,
    async neededPacks(ref, signal) {
      const snapshot = await read(ref, signal);
      try {
        return { packs: await repository.neededPacks(snapshot, { signal }) };
      } catch (thrown) {
        const unreadable = HoldfastError.from(thrown);
        if (unreadable.entry.retry !== 'corrupt') throw unreadable;
        return { packs: snapshot.packs, unreadable };
      }
    },
    tables: (ref, signal) => records(ref, 'tables', signal),
    sequences: (ref, signal) => records(ref, 'sequences', signal),
    documents: (ref, signal) => records(ref, 'documents', signal),
    listing: (ref, signal) => records(ref, 'listing', signal),
    content: async (data, signal) => Buffer.concat(await Array.fromAsync(repository.read(data, { signal }))),
    async *backups(deployment, signal) {
      for await (const { backupId, snapshots } of authenticBackups(`backups/${deployment}/`, {
        store,
        repository,
        readLog,
        signal,
      }))
        yield {
          backupId,
          snapshots: snapshots.map(({ component, id, digest }) => ({ deployment, component, id, digest })),
        };
    },
    verifyPack: (name, signal) => repository.verifyPack(name, { signal }),
    hasPack: async (name, signal) => (await store.head(packObject(name), { signal })) !== undefined,
    async *packsOfBackups(signal) {
      // Only what this repository signed can spare a pack from being read again.
      for await (const { snapshots } of authenticBackups('backups/', { store, repository, readLog, signal }))
        yield snapshots.flatMap(({ packs }) => packs);
    },
  };
}
