import type { DatabaseFacts } from '#libs/contracts/database-snapshot.ts';
import type { TakeSnapshotOutcome } from '#libs/contracts/requests.ts';
import type { DocumentRule } from './document-rows.ts';

type LeftOut = TakeSnapshotOutcome['leftOut'][number];

/** The manifest is read by people: paths that leave their root are shown up to this many a rule, then counted. */
const ESCAPED_SHOWN_MAX = 20;

/** Counts what a snapshot took and collects what it did not. */
export class Tally {
  sequences = 0;
  documents = 0;
  readonly #leftOut: LeftOut[];
  readonly #rowsByTable: Record<string, number> = {};
  readonly #escaped = new Map<DocumentRule, number>();
  readonly #strayed = new Map<DocumentRule, { count: number; readonly first: string }>();
  #bytes = 0;

  constructor(leftOut: readonly LeftOut[]) {
    this.#leftOut = [...leftOut];
  }

  get leftOut(): readonly LeftOut[] {
    const more = [...this.#escaped]
      .filter(([, count]) => count > ESCAPED_SHOWN_MAX)
      .map(([rule, count]) => escapedEntry(rule, `${count - ESCAPED_SHOWN_MAX} more paths`));
    return [...this.#leftOut, ...more, ...[...this.#strayed].map(strayedEntry)];
  }

  moved(bytes: number): number {
    this.#bytes += bytes;
    return this.#bytes;
  }

  counted(table: string, rows: number): void {
    this.#rowsByTable[table] = rows;
  }

  leaveOut(...entries: readonly LeftOut[]): void {
    this.#leftOut.push(...entries);
  }

  escaped(rule: DocumentRule, path: string): void {
    const count = (this.#escaped.get(rule) ?? 0) + 1;
    this.#escaped.set(rule, count);
    if (count <= ESCAPED_SHOWN_MAX) this.leaveOut(escapedEntry(rule, path));
  }

  /** The path begins with no prefix of the rules for its column. */
  strayed(rule: DocumentRule, path: string): void {
    const { count, first } = this.#strayed.get(rule) ?? { count: 0, first: path };
    this.#strayed.set(rule, { count: count + 1, first });
  }

  facts(): Pick<DatabaseFacts, 'tables' | 'rows' | 'sequences' | 'documents' | 'rowsByTable'> {
    const rows = Object.values(this.#rowsByTable);
    return {
      tables: rows.length,
      rows: rows.reduce((sum, count) => sum + count, 0),
      sequences: this.sequences,
      documents: this.documents,
      rowsByTable: this.#rowsByTable,
    };
  }
}

function escapedEntry(rule: DocumentRule, what: string): LeftOut {
  return {
    what: `${rule.table}.${rule.path}: ${what}`,
    reason: `PATH_ESCAPES_ROOT: leads out of root ${rule.root}`,
    partial: true,
  };
}

/** Perhaps an address, perhaps another convention: its file may be in the backup, but nothing compared them. */
function strayedEntry([rule, { count, first }]: [DocumentRule, { count: number; first: string }]): LeftOut {
  return {
    what: `${rule.table}.${rule.path}: ${count} paths, the first is ${first}`,
    reason: 'begin with no prefix of the spec’s rules: not compared with files',
    partial: false,
  };
}
