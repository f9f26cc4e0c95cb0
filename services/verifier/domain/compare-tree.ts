import type { TreeRecord } from '#libs/contracts/tree-snapshot.ts';
import type { SeenEntry } from '../ports.ts';

/** Node sets times as floating seconds: exact to well under this. */
const MTIME_TOLERANCE_NS = 1_000n;

export interface TreeExpectations {
  /** Compare owner and group; only a privileged restore can set them. */
  readonly owners: boolean;
  /** Compare content digests; otherwise sizes only. */
  readonly digests: boolean;
}

/** One entry against its record; the text names what differs, undefined when nothing does. Pure. */
export function differenceOf(
  record: TreeRecord,
  seen: SeenEntry | undefined,
  expected: TreeExpectations,
): string | undefined {
  if (seen === undefined) return 'is missing';
  const kind = record.kind === 'link' ? 'file' : record.kind;
  if (seen.kind !== kind) return `is a ${seen.kind}, was a ${kind}`;
  if (record.kind === 'symlink') return seen.target === record.target ? undefined : 'points elsewhere';
  if (seen.mode !== record.mode) return `has mode ${seen.mode.toString(8)}, had ${record.mode.toString(8)}`;
  if (expected.owners && (seen.uid !== record.uid || seen.gid !== record.gid))
    return `belongs to ${seen.uid}:${seen.gid}, belonged to ${record.uid}:${record.gid}`;
  if (record.kind === 'file')
    return contentDifference(record, seen, expected) ?? timeDifference(record, seen);
  return timeDifference(record, seen);
}

function contentDifference(
  record: Extract<TreeRecord, { kind: 'file' }>,
  seen: SeenEntry,
  expected: TreeExpectations,
): string | undefined {
  if (seen.bytes !== record.data.bytes) return `has ${seen.bytes} bytes, had ${record.data.bytes}`;
  if (expected.digests && seen.sha256 !== record.data.sha256) return 'has other content';
  return undefined;
}

function timeDifference(record: TreeRecord, seen: SeenEntry): string | undefined {
  const off = seen.mtimeNs - BigInt(record.mtimeNs);
  return (off < 0n ? -off : off) <= MTIME_TOLERANCE_NS ? undefined : 'has another modification time';
}
