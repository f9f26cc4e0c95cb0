import { createHash } from 'node:crypto';
import type { TreeRecord } from '#libs/contracts/tree-snapshot.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Snapshot } from '#libs/repository/port.ts';
import type { CallContext } from '#libs/runtime/contract.ts';
import { showPath } from '#libs/trees/paths.ts';
import type { FilePorts } from '../ports.ts';

export interface FetchFileRequest {
  readonly deployment: string;
  readonly snapshotId: string;
  readonly root: string;
  readonly path: string;
}

type FileRecord = Extract<TreeRecord, { kind: 'file' }>;

/** Streams one file's content. Throws NOT_FOUND; SNAPSHOT_DAMAGED at the end when it is not what was recorded. */
export async function* fetchFile(
  request: FetchFileRequest,
  { signal }: CallContext,
  { snapshots }: FilePorts,
): AsyncIterable<{ content: Buffer }> {
  const { deployment, snapshotId: id } = request;
  const snapshot = await snapshots.find({ deployment, component: 'files', id }, signal);
  const { data } = await requireFile(snapshot, request, snapshots, signal);
  const hash = createHash('sha256');
  for await (const content of snapshots.content(data, signal)) {
    hash.update(content);
    yield { content };
  }
  if (hash.digest('hex') !== data.sha256)
    throw new HoldfastError('SNAPSHOT_DAMAGED', { root: request.root, path: request.path, reason: 'digest' });
}

/** A hard link is fetched under any of its names; the first one comes before it in the listing. */
async function requireFile(
  snapshot: Snapshot,
  { root, path }: FetchFileRequest,
  snapshots: FilePorts['snapshots'],
  signal: AbortSignal,
): Promise<FileRecord> {
  const isIt = (record: TreeRecord): boolean => record.root === root && showPath(record.path) === path;
  const found = await findRecord(snapshots.listing(snapshot, signal), isIt);
  if (found?.kind === 'file') return found;
  if (found?.kind === 'link') {
    const isFirst = (record: TreeRecord): boolean => record.root === root && record.path === found.same;
    const first = await findRecord(snapshots.listing(snapshot, signal), isFirst);
    if (first?.kind === 'file') return first;
  }
  const reason = found === undefined ? 'no such entry' : `it is a ${found.kind}`;
  throw new HoldfastError('NOT_FOUND', { root, path, reason });
}

async function findRecord(
  listing: AsyncIterable<TreeRecord>,
  isIt: (record: TreeRecord) => boolean,
): Promise<TreeRecord | undefined> {
  for await (const record of listing) if (isIt(record)) return record;
  return undefined;
}
