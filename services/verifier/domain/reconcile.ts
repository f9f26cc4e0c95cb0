import type { DocumentRow } from '#libs/contracts/database-snapshot.ts';
import type { TreeRecord } from '#libs/contracts/tree-snapshot.ts';

/** How rows and files of one backup fit together. Lists are cut to `EXAMPLES_MAX`; counts are whole. */
export interface Reconciliation {
  readonly rows: number;
  /** Found at their path with size and digest of the row. */
  readonly matched: number;
  /** Not at their path, but their very content lies elsewhere in the same snapshot. */
  readonly moved: number;
  /** At their path, and the row has no digest to compare. */
  readonly unproven: number;
  readonly missing: number;
  readonly different: number;
  readonly examples: readonly string[];
}

const EXAMPLES_MAX = 20;

/** What is known of the files: by root and path, and by digest. One small entry per file. */
export class FileIndex {
  readonly #byPath = new Map<string, { bytes: number; sha256: string }>();
  readonly #digests = new Set<string>();

  add(record: TreeRecord): void {
    if (record.kind !== 'file' && record.kind !== 'link') return;
    const content =
      record.kind === 'file'
        ? { bytes: record.data.bytes, sha256: record.data.sha256 }
        : this.#byPath.get(keyOf(record.root, record.same));
    if (content !== undefined) this.addContent(record.root, record.path, content);
  }

  /** `path` is latin1 text of its bytes, as in a record. */
  addContent(root: string, path: string, content: { bytes: number; sha256: string }): void {
    this.#byPath.set(keyOf(root, path), content);
    this.#digests.add(content.sha256);
  }

  find(row: DocumentRow) {
    return this.#byPath.get(keyOf(row.root, Buffer.from(row.path, 'utf8').toString('latin1')));
  }

  hasContent(sha256: string): boolean {
    return this.#digests.has(sha256);
  }
}

export async function reconcile(rows: AsyncIterable<DocumentRow>, files: FileIndex): Promise<Reconciliation> {
  const counts = { rows: 0, matched: 0, moved: 0, unproven: 0, missing: 0, different: 0 };
  const examples: string[] = [];
  for await (const row of rows) {
    const verdict = judge(row, files);
    counts.rows += 1;
    counts[verdict] += 1;
    if (verdict !== 'matched' && examples.length < EXAMPLES_MAX)
      examples.push(`${verdict}: ${row.table} names ${row.root}/${row.path}`);
  }
  return { ...counts, examples };
}

function judge(
  row: DocumentRow,
  files: FileIndex,
): 'matched' | 'moved' | 'unproven' | 'missing' | 'different' {
  const file = files.find(row);
  if (file === undefined) return row.sha256 !== '' && files.hasContent(row.sha256) ? 'moved' : 'missing';
  if (row.size !== null && row.size !== file.bytes) return 'different';
  if (row.sha256 === '') return 'unproven';
  return row.sha256 === file.sha256 ? 'matched' : 'different';
}

const keyOf = (root: string, path: string) => `${root}\0${path}`;
