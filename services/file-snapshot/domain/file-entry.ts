import type { TreeRecord } from '#libs/contracts/tree-snapshot.ts';
import { showPath, TOP } from '#libs/trees/paths.ts';

/** A record as people see it. */
export function presentFile(record: TreeRecord) {
  const file = record.kind === 'file' ? record.data : undefined;
  return {
    root: record.root,
    path: showPath(record.path),
    kind: record.kind,
    bytes: file?.bytes ?? 0,
    mode: record.mode,
    modifiedAt: new Date(Number(BigInt(record.mtimeNs) / 1_000_000n)).toISOString(),
    sha256: file?.sha256 ?? '',
  };
}

export function isNamed(record: TreeRecord, part: string): boolean {
  return part === '' || fullName(record).includes(part);
}

function fullName({ root, path }: TreeRecord): string {
  return path === TOP ? root : `${root}/${showPath(path)}`;
}
