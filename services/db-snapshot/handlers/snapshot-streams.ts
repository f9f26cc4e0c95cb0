import type { DatabaseFacts, DatabaseGlobals, TableRecord } from '#libs/contracts/database-snapshot.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { readNdjson } from '#libs/repository/ndjson.ts';
import type { Repository, Snapshot, StreamRef } from '#libs/repository/port.ts';
import { readTables, type SnapshotTables } from '../domain/choose-tables.ts';
import type { DbSnapshotPorts } from '../ports.ts';

/** Throws SNAPSHOT_DAMAGED. */
export function requireStream(snapshot: Snapshot, name: string): StreamRef {
  const stream = snapshot.streams[name];
  if (stream === undefined)
    throw new HoldfastError('SNAPSHOT_DAMAGED', { snapshot: snapshot.id, reason: `no stream ${name}` });
  return stream;
}

export async function readGlobals(
  repository: Repository,
  snapshot: Snapshot,
  signal: AbortSignal,
): Promise<DatabaseGlobals> {
  for await (const globals of readNdjson<DatabaseGlobals>(
    repository.read(requireStream(snapshot, 'globals'), { signal }),
  ))
    return globals;
  throw new HoldfastError('SNAPSHOT_DAMAGED', { snapshot: snapshot.id, reason: 'globals are empty' });
}

/** The tables of a snapshot and how they hang together. Throws SNAPSHOT_DAMAGED, DATABASE_CLIENT_TOO_OLD. */
export async function readSnapshotTables(
  snapshot: Snapshot,
  { repository, archives }: Pick<DbSnapshotPorts, 'repository' | 'archives'>,
  signal: AbortSignal,
): Promise<SnapshotTables> {
  const read = (name: string) => repository.read(requireStream(snapshot, name), { signal });
  const entries = await archives.list(read('schema'), signal);
  const records = await Array.fromAsync(readNdjson<TableRecord>(read('tables')));
  return readTables(entries, records, snapshot.facts as unknown as DatabaseFacts);
}
