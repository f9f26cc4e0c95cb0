import type { SnapshotRef } from '#libs/contracts/requests.ts';
import type { Repository, Snapshot } from '#libs/repository/port.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { readNdjson } from '#libs/repository/ndjson.ts';
import type { Evidence } from '../ports.ts';

/** Reads sealed snapshots and their streams. */
export function evidenceOf(repository: Repository, store: ObjectStore): Evidence {
  const read = (
    deployment: string,
    { component, id, digest }: SnapshotRef,
    signal: AbortSignal,
  ): Promise<Snapshot> => repository.readSnapshot({ deployment, component, id, digest }, { signal });

  async function* records<T>(
    deployment: string,
    ref: SnapshotRef,
    stream: string,
    signal: AbortSignal,
  ): AsyncIterable<T> {
    const snapshot = await read(deployment, ref, signal);
    const source = snapshot.streams[stream];
    if (source !== undefined) yield* readNdjson<T>(repository.read(source, { signal }));
  }

  return {
    requireSnapshot: read,
    tables: (deployment, ref, signal) => records(deployment, ref, 'tables', signal),
    sequences: (deployment, ref, signal) => records(deployment, ref, 'sequences', signal),
    documents: (deployment, ref, signal) => records(deployment, ref, 'documents', signal),
    listing: (deployment, ref, signal) => records(deployment, ref, 'listing', signal),
    verifyPack: (name, signal) => repository.verifyPack(name, { signal }),
    hasPack: async (name, signal) =>
      (await store.head(`packs/${name.slice(0, 2)}/${name}`, { signal })) !== undefined,
  };
}
