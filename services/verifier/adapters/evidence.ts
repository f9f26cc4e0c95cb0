import type { SnapshotRef } from '#libs/contracts/requests.ts';
import type { Repository, Snapshot } from '#libs/repository/port.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { readNdjson } from '#libs/repository/ndjson.ts';
import type { Evidence } from '../ports.ts';
import { authenticBackups } from './authentic-backups.ts';

/** Reads sealed snapshots and their streams. */
export function evidenceOf(repository: Repository, store: ObjectStore): Evidence {
  const read = (ref: SnapshotRef, signal: AbortSignal): Promise<Snapshot> =>
    repository.readSnapshot(ref, { signal });

  async function* records<T>(ref: SnapshotRef, stream: string, signal: AbortSignal): AsyncIterable<T> {
    const snapshot = await read(ref, signal);
    const source = snapshot.streams[stream];
    if (source !== undefined) yield* readNdjson<T>(repository.read(source, { signal }));
  }

  return {
    requireSnapshot: read,
    tables: (ref, signal) => records(ref, 'tables', signal),
    sequences: (ref, signal) => records(ref, 'sequences', signal),
    documents: (ref, signal) => records(ref, 'documents', signal),
    listing: (ref, signal) => records(ref, 'listing', signal),
    content: async (data, signal) => Buffer.concat(await Array.fromAsync(repository.read(data, { signal }))),
    backups: (deployment, signal) => authenticBackups(deployment, { store, repository, signal }),
    verifyPack: (name, signal) => repository.verifyPack(name, { signal }),
    hasPack: async (name, signal) =>
      (await store.head(`packs/${name.slice(0, 2)}/${name}`, { signal })) !== undefined,
  };
}
