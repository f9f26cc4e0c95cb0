import type { DatabaseFacts } from '#libs/contracts/database-snapshot.ts';
import type { TakeSnapshotOutcome } from '#libs/contracts/requests.ts';
import type { DocumentRule } from './document-rows.ts';

type LeftOut = TakeSnapshotOutcome['leftOut'][number];

/** The manifest is read by people: paths without a file in a root are shown up to this many a rule, then counted. */
const SHOWN_MAX = 20;

type Lost = 'escaped' | 'elsewhere';

/** Counts what a snapshot took and collects what it did not. */
export class Tally {
  sequences = 0;
  documents = 0;
  readonly #leftOut: LeftOut[];
  readonly #rowsByTable: Record<string, number> = {};
  readonly #lost = { escaped: new Map<DocumentRule, number>(), elsewhere: new Map<DocumentRule, number>() };
  readonly #strayed = new Map<DocumentRule, { count: number; readonly first: string }>();

  constructor(leftOut: readonly LeftOut[]) {
    this.#leftOut = [...leftOut];
  }

  get leftOut(): readonly LeftOut[] {
    const more = (['escaped', 'elsewhere'] as const).flatMap((why) =>
      [...this.#lost[why]]
        .filter(([, count]) => count > SHOWN_MAX)
        .map(([rule, count]) => lostEntry(why, rule, `${count - SHOWN_MAX} more paths`)),
    );
    return [...this.#leftOut, ...more, ...[...this.#strayed].map(strayedEntry)];
  }

  counted(table: string, rows: number): void {
    this.#rowsByTable[table] = rows;
  }

  leaveOut(...entries: readonly LeftOut[]): void {
    this.#leftOut.push(...entries);
  }

  escaped(rule: DocumentRule, path: string): void {
    this.#lose('escaped', rule, path);
  }

  /** The path is the address of an object in another store. */
  elsewhere(rule: DocumentRule, path: string): void {
    this.#lose('elsewhere', rule, path);
  }

  #lose(why: Lost, rule: DocumentRule, path: string): void {
    const count = (this.#lost[why].get(rule) ?? 0) + 1;
    this.#lost[why].set(rule, count);
    if (count <= SHOWN_MAX) this.leaveOut(lostEntry(why, rule, path));
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

function lostEntry(why: Lost, rule: DocumentRule, what: string): LeftOut {
  const reasons = {
    escaped: `PATH_ESCAPES_ROOT: leads out of root ${rule.root}`,
    elsewhere: 'DOCUMENT_MISSING: its content lies in an object storage, which is not backed up',
  };
  return { what: `${rule.table}.${rule.path}: ${what}`, reason: reasons[why], partial: true };
}

/** Perhaps an address, perhaps another convention: its file may be in the backup, but nothing compared them. */
function strayedEntry([rule, { count, first }]: [DocumentRule, { count: number; first: string }]): LeftOut {
  return {
    what: `${rule.table}.${rule.path}: ${count} paths, the first is ${first}`,
    reason: 'begin with no prefix of the spec’s rules: not compared with files',
    partial: false,
  };
}
