import type { TreeRecord } from '#libs/contracts/tree-snapshot.ts';
import type { SeenEntry, Trees } from '../ports.ts';
import type { Compared } from './compare-database.ts';
import { differenceOf, type TreeExpectations } from './compare-tree.ts';
import { Findings } from './findings.ts';
import { compareInWalk } from './walk-order.ts';

export interface TreePlace {
  readonly root: string;
  /** Where the root's content lies now: staged beside, or live. */
  readonly path: string;
}

export interface Overridden {
  isMeant(root: string, path: string): boolean;
  differenceOf(place: TreePlace, record: FileRecord, seen: SeenEntry): Promise<string | undefined>;
}
export type FileRecord = Extract<TreeRecord, { kind: 'file' }>;

/**
 * Restored trees against their listing: every entry there and equal, and nothing besides. Both come in the order of the
 * walk and are merged step by step, so that memory does not grow with the trees; of hard links alone something is kept.
 */
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
  const { expected, overridden } = what;
  const looking: Looking = { expected, overridden, trees, findings, signal };
  const places = new Map(what.places.map((place) => [place.root, place]));
  await using listing = new Listing(what.listing);
  for (let root = await listing.nextRoot(); root !== undefined; root = await listing.nextRoot()) {
    const place = places.get(root);
    if (place !== undefined) await compareRoot(place, listing, looking);
    places.delete(root);
  }
  for (const place of places.values()) await compareRoot(place, listing, looking);
  findings.compared();
  return { checks: [findings.toCheck('entries')], problems: findings.problems };
}

interface Looking {
  readonly expected: TreeExpectations;
  readonly overridden: Overridden | undefined;
  readonly trees: Trees;
  readonly findings: Findings;
  readonly signal: AbortSignal;
}

async function compareRoot(place: TreePlace, listing: Listing, looking: Looking): Promise<void> {
  const { trees, findings, signal, expected } = looking;
  const linked = new Map<string, string>();
  const missing = ({ path }: TreeRecord): void => findings.differs(subjectOf(place.root, path), 'is missing');
  for await (const seen of trees.walk(place.path, { digest: expected.digests, signal })) {
    let record = await listing.peek(place.root);
    for (
      ;
      record !== undefined && compareInWalk(record.path, seen.path) < 0;
      record = await listing.peek(place.root)
    ) {
      missing(record);
      listing.take();
    }
    findings.compared();
    if (seen.links > 1) linked.set(seen.path, seen.inode);
    const listed = record?.path === seen.path ? record : undefined;
    if (listed !== undefined) listing.take();
    const difference =
      listed === undefined
        ? 'was not in the backup'
        : ((await ownDifference(place, listed, seen, looking)) ?? linkDifference(listed, seen, linked));
    if (difference !== undefined) findings.differs(subjectOf(place.root, seen.path), difference);
  }
  for (
    let record = await listing.peek(place.root);
    record !== undefined;
    record = await listing.peek(place.root)
  ) {
    missing(record);
    listing.take();
  }
}

/** What a restore was meant to change is judged by what it meant. */
async function ownDifference(
  place: TreePlace,
  record: TreeRecord,
  seen: SeenEntry,
  { overridden, expected }: Looking,
): Promise<string | undefined> {
  return overridden !== undefined && record.kind === 'file' && overridden.isMeant(place.root, record.path)
    ? await overridden.differenceOf(place, record, seen)
    : differenceOf(record, seen, expected);
}

/** A hard link is the very same inode as the entry it was linked to, which comes first in the walk. */
function linkDifference(
  record: TreeRecord,
  seen: SeenEntry,
  linked: ReadonlyMap<string, string>,
): string | undefined {
  if (record.kind !== 'link') return undefined;
  return linked.get(record.same) === seen.inode ? undefined : `is no longer linked to ${record.same}`;
}

/** The listing one record ahead: roots in their order, the records of each together. */
class Listing implements AsyncDisposable {
  readonly #records: AsyncIterator<TreeRecord>;
  #ahead: TreeRecord | undefined;
  #root: string | undefined;

  constructor(records: AsyncIterable<TreeRecord>) {
    this.#records = records[Symbol.asyncIterator]();
  }

  /** Passes over what is left of the current root. */
  async nextRoot(): Promise<string | undefined> {
    for (let record = await this.#peek(); record?.root === this.#root; record = await this.#peek()) {
      if (record === undefined) return undefined;
      this.take();
    }
    this.#root = this.#ahead?.root;
    return this.#root;
  }

  /** The next record, while it is of this root. */
  async peek(root: string): Promise<TreeRecord | undefined> {
    const record = await this.#peek();
    return record?.root === root ? record : undefined;
  }

  take(): void {
    this.#ahead = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#records.return?.();
  }

  async #peek(): Promise<TreeRecord | undefined> {
    if (this.#ahead === undefined) {
      const next = await this.#records.next();
      this.#ahead = next.done === true ? undefined : next.value;
    }
    return this.#ahead;
  }
}

function subjectOf(root: string, path: string): string {
  return `${root}/${Buffer.from(path, 'latin1').toString('utf8')}`;
}
