import { SCHEDULE_TABLE, SESSION_TABLE, type Adaptation } from '#libs/contracts/adaptation.ts';
import type { DatabaseFacts, SequenceRecord, TableRecord } from '#libs/contracts/database-snapshot.ts';
import type { Check } from '#libs/contracts/requests.ts';
import { inTurns } from '#libs/kernel/in-turns.ts';
import type { Problem } from '#libs/kernel/errors.ts';
import type { DatabaseView } from '../ports.ts';
import { Findings } from './findings.ts';

/** More than a view has sessions, on any machine there is. */
const TABLES_AT_ONCE = 256;

/** What a table's record says of its rows. */
export type SourceTable = Pick<
  TableRecord,
  'schema' | 'name' | 'columns' | 'rows' | 'contentHash' | 'throughRoot'
>;

export interface Compared {
  readonly checks: readonly Check[];
  readonly problems: readonly Problem[];
}

interface Source {
  readonly facts: Pick<DatabaseFacts, 'serverMajor' | 'schema'>;
  readonly tables: readonly SourceTable[];
  readonly sequences: readonly SequenceRecord[];
}

/** A restored database against what the source said of itself: tables, rows, content, sequences, keys. */
export async function compareDatabase(
  source: Source,
  view: DatabaseView,
  adaptation: Adaptation,
  onTable: (name: string) => void,
): Promise<Compared> {
  const all = await Promise.all([
    compareTables(source, view, adaptation, onTable),
    compareSequences(source.sequences, view),
    compareKeys(view),
    compareSchema(source.facts, view),
  ]);
  const [tables, sequences, keys, schema] = all;
  return {
    checks: [
      tables.toCheck('tables'),
      sequences.toCheck('sequences and their list'),
      keys.toCheck('list of foreign keys'),
      ...(schema === undefined ? [] : [schema.toCheck('kinds of objects')]),
    ],
    problems: all.flatMap((findings) => findings?.problems ?? []),
  };
}

async function compareTables(
  { facts, tables }: Source,
  view: DatabaseView,
  adaptation: Adaptation,
  onTable: (name: string) => void,
): Promise<Findings> {
  const findings = new Findings('tables: rows and content', 2);
  const left = new Set((await view.tables()).map(nameOf));
  // The largest first: what is small fills the gaps at the end.
  const byRows = tables.toSorted((a, b) => b.rows - a.rows);
  await inTurns(byRows, TABLES_AT_ONCE, async (table) => {
    const name = nameOf(table);
    if (left.delete(name)) await compareTable(table, { facts, view, adaptation }, findings);
    else findings.differs(name, 'table is missing');
    findings.compared();
    onTable(name);
  });
  for (const name of left) findings.differs(name, 'table was not in the backup');
  return findings;
}

interface Comparing extends Pick<Source, 'facts'> {
  readonly view: DatabaseView;
  readonly adaptation: Adaptation;
}

async function compareTable(
  table: SourceTable,
  { facts, view, adaptation: { sessions, schedules } }: Comparing,
  findings: Findings,
): Promise<void> {
  const { schema, name, columns, contentHash, throughRoot } = table;
  const found = await view.prove({ schema, name, columns, algorithm: contentHash.algorithm, throughRoot });
  if (sessions === 'drop' && name === SESSION_TABLE) {
    if (found.rows > 0) findings.differs(nameOf(table), `has ${found.rows} sessions of another place`);
    return;
  }
  if (found.rows !== table.rows) findings.differs(nameOf(table), `has ${found.rows} rows, had ${table.rows}`);
  else if (schedules === 'hold' && name === SCHEDULE_TABLE) {
    const due = await view.countTrue({ schema, name, column: 'enabled' });
    if (due > 0) findings.differs(nameOf(table), `has ${due} tasks that are not held`);
  } else if (found.contentHash.value !== contentHash.value)
    findings.differs(nameOf(table), `has other content${doubt(contentHash, facts, view)}`);
}

/** No major version promises that it hashes a row, or writes a value, as another one does. */
function doubt(
  { algorithm }: SourceTable['contentHash'],
  { serverMajor: from }: Source['facts'],
  { serverMajor: to }: DatabaseView,
): string {
  if (from === to) return '';
  if (algorithm === 'text') return `, or PostgreSQL ${to} writes a value otherwise than ${from}`;
  return `, or PostgreSQL ${to} hashes rows otherwise than ${from}: a backup with --portable can tell`;
}

/** Never below what the source issued; a never-used sequence is still never-used. */
async function compareSequences(source: readonly SequenceRecord[], view: DatabaseView): Promise<Findings> {
  const findings = new Findings('sequences', 2);
  const found = new Map((await view.sequences()).map((sequence) => [nameOf(sequence), sequence]));
  findings.compared();
  for (const sequence of source) {
    findings.compared();
    const seen = found.get(nameOf(sequence));
    found.delete(nameOf(sequence));
    if (seen === undefined) findings.differs(nameOf(sequence), 'sequence is missing');
    else if (seen.isCalled !== sequence.isCalled || seen.lastValue !== sequence.lastValue) {
      findings.differs(nameOf(sequence), `is at ${seen.lastValue}, was at ${sequence.lastValue}`);
    }
  }
  for (const name of found.keys()) findings.differs(name, 'sequence was not in the backup');
  return findings;
}

async function compareKeys(view: DatabaseView): Promise<Findings> {
  const findings = new Findings('foreign keys: no orphans', 2);
  for (const { constraint, rows } of await view.orphans())
    findings.differs(constraint, `${rows} rows have no parent`);
  findings.compared();
  return findings;
}

/** Another major version says the same in other words: undefined, and rows and sequences are all there is to compare. */
async function compareSchema(
  { serverMajor, schema }: Pick<DatabaseFacts, 'serverMajor' | 'schema'>,
  view: DatabaseView,
): Promise<Findings | undefined> {
  if (view.serverMajor !== serverMajor) return undefined;
  const findings = new Findings('schema: definitions of objects', 2);
  const found = await view.schema();
  for (const [kind, digest] of Object.entries(schema)) {
    findings.compared();
    if (found[kind] !== digest) findings.differs(kind, 'definitions are other ones than in the source');
  }
  return findings;
}

function nameOf(object: { readonly schema: string; readonly name: string }): string {
  return `${object.schema}.${object.name}`;
}
