import type { DatabaseFacts, TableRecord } from '#libs/contracts/database-snapshot.ts';
import type { TableChoice } from '#libs/contracts/relocation.ts';
import type { StagedTables } from '#libs/contracts/requests.ts';
import { problem, type Problem } from '#libs/kernel/errors.ts';
import type { TocEntry } from '#libs/postgres/toc.ts';
import {
  chooseStructure,
  isTable,
  readStructure,
  referencedTables,
  type Structure,
} from './choose-structure.ts';
import { findTable, tableText } from './find-table.ts';

/** A table of a snapshot. */
export interface SnapshotTable {
  readonly schema: string;
  readonly name: string;
  /** Undefined for what is no table of the application's: large objects. */
  readonly dumpId: number | undefined;
  /** Absent for one whose rows are those of its partitions, or come with those of what it is a partition of. */
  readonly record?: TableRecord;
  /** Its rows were left out of the backup. */
  readonly leftOut: boolean;
}

export interface SnapshotTables {
  readonly structure: Structure;
  readonly tables: readonly SnapshotTable[];
  readonly byId: ReadonlyMap<number, SnapshotTable>;
}

/** Those that hold rows by their records, the others as the archive's list calls them. Pure. */
export function readTables(
  entries: readonly TocEntry[],
  records: readonly TableRecord[],
  { rowsByTable }: Pick<DatabaseFacts, 'rowsByTable'>,
): SnapshotTables {
  const listed = new Map(entries.filter(isTable).map((entry) => [entry.oid, entry]));
  const holding: readonly SnapshotTable[] = records.map((record) => ({
    schema: record.schema,
    name: record.name,
    dumpId: listed.get(record.oid)?.dumpId,
    record,
    leftOut: !Object.hasOwn(rowsByTable, tableText(record)),
  }));
  const held = new Set(records.map(({ oid }) => oid));
  const schemas = new Set(records.map(({ schema }) => schema));
  const others: readonly SnapshotTable[] = [...listed.values()]
    .filter(({ oid }) => !held.has(oid))
    .map(({ text, dumpId }) => ({ ...nameIn(text, schemas), dumpId, leftOut: false }));
  const tables = [...holding, ...others];
  const byId = new Map(
    tables.flatMap((table) => (table.dumpId === undefined ? [] : [[table.dumpId, table]])),
  );
  return { structure: readStructure(entries), tables, byId };
}

/** `TABLE schema name owner`: a known schema may have spaces, and so may any name. */
function nameIn(text: string, schemas: ReadonlySet<string>) {
  const words = text.split(' ').slice(1, -1);
  const ends = words.keys().map((n) => words.slice(0, n + 1).join(' '));
  const schema = ends.find((each) => schemas.has(each)) ?? words[0]!;
  return { schema, name: words.join(' ').slice(schema.length + 1) };
}

/** What a restore of some tables writes, and what it does not. */
export interface ChosenTables {
  /** Dump ids of what is restored of the structure. */
  readonly entries: ReadonlySet<number>;
  /** Whose rows are restored. */
  readonly records: readonly TableRecord[];
  /** What these tables have and is not restored: foreign keys that lead elsewhere, triggers, policies and the like. */
  readonly leftOut: readonly string[];
  /** Tables that their foreign keys lead to and that are not restored. */
  readonly referenced: readonly string[];
  /** Names that no table has and tables without rows in the backup, all of them. */
  readonly problems: readonly Problem[];
}

/** Pure. */
export function chooseTables(all: SnapshotTables, { names, withReferenced }: TableChoice): ChosenTables {
  const { structure, tables } = all;
  const found = names.map((wanted) => findNamed([...all.byId.values()], wanted));
  const asked = found.flatMap((table) => table?.dumpId ?? []).map((id) => holderOf(all, id));
  const first = chooseStructure(structure, asked);
  const beyond = referencedTables(structure, first.tables);
  const chosen = withReferenced ? chooseStructure(structure, [...asked, ...beyond]) : first;
  const among = (ids: ReadonlySet<number>) =>
    tables.filter(({ dumpId }) => dumpId !== undefined && ids.has(dumpId));
  const restored = among(chosen.tables);
  return {
    entries: chosen.entries,
    records: restored.flatMap(({ record }) => record ?? []),
    // Without the owner, which comes last.
    leftOut: chosen.leftOut.map(({ text }) => text.replace(/ \S+$/, '')),
    referenced: withReferenced ? [] : among(new Set(beyond)).map(tableText),
    problems: [
      ...names.flatMap((wanted, at) => (found[at] === undefined ? [unknown(wanted)] : [])),
      ...restored.filter(({ leftOut }) => leftOut).map(rowless),
    ],
  };
}

/** As plans and outcomes of runs have it. Pure. */
export function tellTables({ records, leftOut, referenced }: ChosenTables): StagedTables['tables'] {
  return {
    restored: records.map(({ schema, name, rows }) => ({ schema, name, rows })),
    leftOut: [...leftOut],
    referenced: [...referenced],
  };
}

/** Where the foreign keys of a table lead, and what it is a partition of. Pure. */
export function referencesOf(
  { structure: { parents, partitionOf }, byId }: SnapshotTables,
  { dumpId }: SnapshotTable,
): readonly SnapshotTable[] {
  if (dumpId === undefined) return [];
  const to = [...(parents.get(dumpId) ?? []), partitionOf.get(dumpId) ?? dumpId];
  return [...new Set(to)].filter((id) => id !== dumpId).flatMap((id) => byId.get(id) ?? []);
}

/** Without a schema: the one of `public`, or the only one of that name. */
function findNamed(
  tables: readonly SnapshotTable[],
  { schema, name }: TableChoice['names'][number],
): SnapshotTable | undefined {
  if (schema !== undefined) return tables.find((table) => table.schema === schema && table.name === name);
  return findTable(tables, name);
}

/** Rows of a partition may have been taken with those of the whole, and come back with them only. */
function holderOf({ structure: { partitionOf }, byId }: SnapshotTables, id: number): number {
  let holder = id;
  for (let at: number | undefined = id; at !== undefined; at = partitionOf.get(at))
    if (byId.get(at)?.record !== undefined) holder = at;
  return holder;
}

function unknown({ schema, name }: TableChoice['names'][number]): Problem {
  const subject = schema === undefined ? name : tableText({ schema, name });
  const list = 'see what there is: holdfast backups tables DEPLOYMENT BACKUP';
  return problem('NOT_FOUND', subject, 'the backup has no table of this name', list);
}

function rowless(table: SnapshotTable): Problem {
  const why = 'its rows were left out of the backup: see holdfast backups show DEPLOYMENT BACKUP';
  return problem('NOT_FOUND', tableText(table), why, 'choose other tables');
}
