import type { DatabaseGlobals } from '#libs/contracts/database-snapshot.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { readNdjson } from '#libs/repository/ndjson.ts';
import type { Repository, Snapshot, StreamRef } from '#libs/repository/port.ts';

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
