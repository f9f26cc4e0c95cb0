import type { CallContext } from '#libs/runtime/contract.ts';
import { isNamed, presentFile } from '../domain/file-entry.ts';
import { decodeToken, encodeToken, pageSizeOf } from '../domain/page-token.ts';
import type { FilePorts } from '../ports.ts';

export interface ListFilesRequest {
  readonly deployment: string;
  readonly snapshotId: string;
  readonly nameContains: string;
  readonly pageSize: number;
  readonly pageToken: string;
}

/** Entries of a files snapshot in the order of the walk. A listing never changes, so pages fit together. */
export async function listFiles(
  request: ListFilesRequest,
  { signal }: CallContext,
  { snapshots }: FilePorts,
) {
  const { deployment, snapshotId: id, nameContains } = request;
  const start = decodeToken(request.pageToken);
  const wanted = pageSizeOf(request.pageSize);
  const snapshot = await snapshots.find({ deployment, component: 'files', id }, signal);
  const files: ReturnType<typeof presentFile>[] = [];
  let position = 0;
  for await (const record of snapshots.listing(snapshot, signal)) {
    if (position >= start && isNamed(record, nameContains)) {
      if (files.length === wanted) return { files, nextPageToken: encodeToken(position) };
      files.push(presentFile(record));
    }
    position += 1;
  }
  return { files, nextPageToken: '' };
}
