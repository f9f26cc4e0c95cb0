import type { SequenceRecord, TableRecord } from '#libs/contracts/database-snapshot.ts';
import type { DatabaseFacts } from '#libs/contracts/database-snapshot.ts';
import type { DescribeSnapshotResponse } from '#libs/contracts/gen/holdfast/database/v1/DescribeSnapshotResponse.ts';
import type { DescribeSnapshotRequest__Output } from '#libs/contracts/gen/holdfast/database/v1/DescribeSnapshotRequest.ts';
import { readNdjson } from '#libs/repository/ndjson.ts';
import type { CallContext } from '#libs/runtime/contract.ts';
import { requireStream } from '../handlers/snapshot-streams.ts';
import type { DbSnapshotPorts } from '../ports.ts';

/** What a snapshot holds, from its own lists. */
export async function describeSnapshot(
  { deployment, snapshotId }: DescribeSnapshotRequest__Output,
  { signal }: CallContext,
  { repository }: DbSnapshotPorts,
): Promise<DescribeSnapshotResponse> {
  const snapshot = await repository.readSnapshot(
    { deployment, component: 'database', id: snapshotId },
    { signal },
  );
  const list = <T>(name: string) =>
    Array.fromAsync(readNdjson<T>(repository.read(requireStream(snapshot, name), { signal })));
  const tables = await list<TableRecord>('tables');
  const sequences = await list<SequenceRecord>('sequences');
  return {
    mark: snapshot.mark,
    serverVersion: (snapshot.facts as unknown as DatabaseFacts).serverVersion,
    tables: tables.map(({ schema, name, rows, data, contentHash }) => ({
      schema,
      name,
      rows,
      bytes: data.bytes,
      contentHash: contentHash.value,
    })),
    sequences: sequences.map(({ schema, name, lastValue, isCalled }) => ({
      schema,
      name,
      lastValue: isCalled ? lastValue : '',
    })),
  };
}
