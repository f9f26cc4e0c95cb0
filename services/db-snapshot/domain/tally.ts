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
  #bytes = 0;

  constructor(leftOut: readonly LeftOut[]) {
    this.#leftOut = [...leftOut];
  }

  get leftOut(): readonly LeftOut[] {
    const more = [...this.#escaped]
      .filter(([, count]) => count > ESCAPED_SHOWN_MAX)
      .map(([rule, count]) => escapedEntry(rule, `${count - ESCAPED_SHOWN_MAX} more paths`));
    return [...this.#leftOut, ...more];
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
