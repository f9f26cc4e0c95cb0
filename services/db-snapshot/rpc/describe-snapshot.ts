import type { DatabaseFacts, SequenceRecord } from '#libs/contracts/database-snapshot.ts';
import type { DescribeSnapshotResponse } from '#libs/contracts/gen/holdfast/database/v1/DescribeSnapshotResponse.ts';
import type { DescribeSnapshotRequest__Output } from '#libs/contracts/gen/holdfast/database/v1/DescribeSnapshotRequest.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { readNdjson } from '#libs/repository/ndjson.ts';
import type { Repository, Snapshot } from '#libs/repository/port.ts';
import type { CallContext } from '#libs/runtime/contract.ts';
import { referencesOf, type SnapshotTable } from '../domain/choose-tables.ts';
import { readSnapshotTables, requireStream } from '../handlers/snapshot-streams.ts';
import type { DbSnapshotPorts } from '../ports.ts';

/** What a snapshot holds, from its own lists. Throws NOT_FOUND, SNAPSHOT_DAMAGED. */
export async function describeSnapshot(
  { deployment, snapshotId }: DescribeSnapshotRequest__Output,
  { signal }: CallContext,
  ports: DbSnapshotPorts,
): Promise<DescribeSnapshotResponse> {
  const { repository } = ports;
  const snapshot = await findSnapshot(
    repository,
    { deployment, component: 'database', id: snapshotId },
    signal,
  );
  const described = await readSnapshotTables(snapshot, ports, signal);
  const sequences = await Array.fromAsync(
    readNdjson<SequenceRecord>(repository.read(requireStream(snapshot, 'sequences'), { signal })),
  );
  return {
    mark: snapshot.mark,
    serverVersion: (snapshot.facts as unknown as DatabaseFacts).serverVersion,
    tables: described.tables.map((table) => ({
      schema: table.schema,
      name: table.name,
      rows: table.record?.rows ?? 0,
      bytes: bytesOf(table),
      contentHash: table.record?.contentHash.value ?? '',
      references: referencesOf(described, table).map(({ schema, name }) => ({ schema, name })),
      leftOut: table.leftOut,
    })),
    sequences: sequences.map(({ schema, name, lastValue, isCalled }) => ({
      schema,
      name,
      lastValue: isCalled ? lastValue : '',
    })),
  };
}

function bytesOf({ record }: SnapshotTable): number {
  return (record?.slices ?? []).reduce((sum, { bytes }) => sum + bytes, 0);
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
