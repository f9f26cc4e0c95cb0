import type { TreeRecord } from '#libs/contracts/tree-snapshot.ts';
import type { SeenEntry, Trees } from '../ports.ts';
import type { Compared } from './compare-database.ts';
import { differenceOf, type TreeExpectations } from './compare-tree.ts';
import { Findings } from './findings.ts';

export interface TreePlace {
  readonly root: string;
  /** Where the root's content lies now: staged beside, or live. */
  readonly path: string;
}

export interface Overridden {
  isMeant(root: string): boolean;
  differenceOf(place: TreePlace, record: FileRecord, seen: SeenEntry): Promise<string | undefined>;
}
export type FileRecord = Extract<TreeRecord, { kind: 'file' }>;

/** Restored trees against their listing: every entry there and equal, and nothing besides. */
export async function compareTrees(
  what: {
    readonly name: string;
    readonly level: number;
    readonly listing: AsyncIterable<TreeRecord>;
    readonly places: readonly TreePlace[];
    readonly expected: TreeExpectations;
    /** For entries whose content differs on purpose: what else differs. */
    readonly overridden?: Overridden | undefined;
  },
  trees: Trees,
  signal: AbortSignal,
): Promise<Compared> {
  const findings = new Findings(what.name, what.level);
  const records = await byRoot(what.listing);
  for (const place of what.places) {
    await compareRoot(place, records.get(place.root) ?? [], what, { trees, findings, signal });
  }
  findings.compared();
  return { checks: [findings.toCheck('entries')], problems: findings.problems };
}

async function byRoot(
  listing: AsyncIterable<TreeRecord>,
): Promise<ReadonlyMap<string, readonly TreeRecord[]>> {
  const roots = new Map<string, TreeRecord[]>();
  for await (const record of listing) {
    const records = roots.get(record.root);
    if (records === undefined) roots.set(record.root, [record]);
    else records.push(record);
  }
  return roots;
}

async function compareRoot(
  place: TreePlace,
  records: readonly TreeRecord[],
  { expected, overridden }: { expected: TreeExpectations; overridden?: Overridden | undefined },
  { trees, findings, signal }: { trees: Trees; findings: Findings; signal: AbortSignal },
): Promise<void> {
  const wanted = new Map(records.map((record) => [record.path, record]));
  const inodes = new Map<string, string>();
  for await (const seen of trees.walk(place.path, { digest: expected.digests, signal })) {
    const record = wanted.get(seen.path);
    wanted.delete(seen.path);
    findings.compared();
    inodes.set(seen.path, seen.inode);
    const difference =
      record === undefined
        ? 'was not in the backup'
        : ((overridden !== undefined && record.kind === 'file' && overridden.isMeant(place.root)
            ? await overridden.differenceOf(place, record, seen)
            : differenceOf(record, seen, expected)) ?? linkDifference(record, seen, inodes));
    if (difference !== undefined) findings.differs(subjectOf(place.root, seen.path), difference);
  }
  for (const path of wanted.keys()) findings.differs(subjectOf(place.root, path), 'is missing');
}

/** A hard link is the very same inode as the entry it was linked to, which comes first in the walk. */
function linkDifference(
  record: TreeRecord,
  seen: SeenEntry,
  inodes: ReadonlyMap<string, string>,
): string | undefined {
  if (record.kind !== 'link') return undefined;
  return inodes.get(record.same) === seen.inode ? undefined : `is no longer linked to ${record.same}`;
}

function subjectOf(root: string, path: string): string {
  return `${root}/${Buffer.from(path, 'latin1').toString('utf8')}`;
}
