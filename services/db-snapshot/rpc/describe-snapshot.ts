import type { SequenceRecord, TableRecord } from '#libs/contracts/database-snapshot.ts';
import type { DatabaseFacts } from '#libs/contracts/database-snapshot.ts';
import type { DescribeSnapshotResponse } from '#libs/contracts/gen/holdfast/database/v1/DescribeSnapshotResponse.ts';
import type { DescribeSnapshotRequest__Output } from '#libs/contracts/gen/holdfast/database/v1/DescribeSnapshotRequest.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { readNdjson } from '#libs/repository/ndjson.ts';
import type { Repository, Snapshot } from '#libs/repository/port.ts';
import type { CallContext } from '#libs/runtime/contract.ts';
import { requireStream } from '../handlers/snapshot-streams.ts';
import type { DbSnapshotPorts } from '../ports.ts';

/** What a snapshot holds, from its own lists. Throws NOT_FOUND, SNAPSHOT_DAMAGED. */
export async function describeSnapshot(
  { deployment, snapshotId }: DescribeSnapshotRequest__Output,
  { signal }: CallContext,
  { repository }: DbSnapshotPorts,
): Promise<DescribeSnapshotResponse> {
  const snapshot = await findSnapshot(
    repository,
    { deployment, component: 'database', id: snapshotId },
    signal,
  );
  const list = <T>(name: string) =>
    Array.fromAsync(readNdjson<T>(repository.read(requireStream(snapshot, name), { signal })));
  const tables = await list<TableRecord>('tables');
  const sequences = await list<SequenceRecord>('sequences');
  return {
    mark: snapshot.mark,
    serverVersion: (snapshot.facts as unknown as DatabaseFacts).serverVersion,
    tables: tables.map(({ schema, name, rows, slices, contentHash }) => ({
      schema,
      name,
      rows,
      bytes: slices.reduce((sum, { bytes }) => sum + bytes, 0),
      contentHash: contentHash.value,
    })),
    sequences: sequences.map(({ schema, name, lastValue, isCalled }) => ({
      schema,
      name,
      lastValue: isCalled ? lastValue : '',
    })),
  };
}

/** Of a name that a person gave: one that is not there was not lost. */
async function findSnapshot(
  repository: Repository,
  where: Parameters<Repository['readSnapshot']>[0],
  signal: AbortSignal,
): Promise<Snapshot> {
  try {
    return await repository.readSnapshot(where, { signal });
  } catch (cause) {
    if (HoldfastError.from(cause).code !== 'OBJECT_MISSING') throw cause;
    throw new HoldfastError('NOT_FOUND', { ...where }, { cause });
  }
}
