import type { TreeRecord } from '#libs/contracts/tree-snapshot.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { readNdjson } from '#libs/repository/ndjson.ts';
import type { Repository, Snapshot, StreamRef } from '#libs/repository/port.ts';

/** Sealed snapshots of trees, as services that answer about them read them. */
export interface TreeSnapshots {
  /** Throws SNAPSHOT_DAMAGED, OBJECT_MISSING; the digest must be the snapshot's. */
  require(ref: TreeSnapshotRef & { readonly digest: string }, signal: AbortSignal): Promise<Snapshot>;
  /** As `require`, for a name that a person gave. Throws NOT_FOUND. */
  find(ref: TreeSnapshotRef, signal: AbortSignal): Promise<Snapshot>;
  listing(snapshot: Snapshot, signal: AbortSignal): AsyncIterable<TreeRecord>;
  content(ref: StreamRef, signal: AbortSignal): AsyncIterable<Buffer>;
}

export interface TreeSnapshotRef {
  readonly deployment: string;
  readonly component: 'files' | 'config';
  readonly id: string;
}

export function treeSnapshots(repository: Repository): TreeSnapshots {
  return {
    require: (ref, signal) => repository.readSnapshot(ref, { signal }),
    async find(ref, signal) {
      try {
        return await repository.readSnapshot(ref, { signal });
      } catch (error) {
        if (HoldfastError.from(error).code !== 'OBJECT_MISSING') throw error;
        throw new HoldfastError('NOT_FOUND', { ...ref }, { cause: error });
      }
    },
    async *listing({ streams, id }, signal) {
      const listing = streams['listing'];
      if (listing === undefined)
        throw new HoldfastError('SNAPSHOT_DAMAGED', { snapshot: id, reason: 'it has no listing' });
      yield* readNdjson<TreeRecord>(repository.read(listing, { signal }));
    },
    content: (ref, signal) => repository.read(ref, { signal }),
  };
}
