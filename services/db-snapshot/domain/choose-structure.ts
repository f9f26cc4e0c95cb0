import type { TocEntry } from '#libs/postgres/toc.ts';

/** What of a database's structure some of its tables need, from the table of contents of its archive. Pure. */

/** Relations of their own: none of these comes along with another. */
const RELATION = /^(TABLE|VIEW|MATERIALIZED VIEW|FOREIGN TABLE) /;
/**
 * What acts by itself, or says who sees which row. Row security itself stays on, so that what its policies hid is
 * hidden from everyone but the owner.
 */
const NEVER = /^(RULE|TRIGGER|EVENT TRIGGER|POLICY|PUBLICATION|SUBSCRIPTION|STATISTICS DATA) /;
const FOREIGN_KEY = /^FK CONSTRAINT /;
const KEY = /^(CONSTRAINT|INDEX) /;

/** Not what is a part of others and has no object id: TABLE ATTACH, INDEX ATTACH. */
function isOne(entry: TocEntry | undefined, kind: RegExp): boolean {
  return entry !== undefined && entry.oid !== '0' && kind.test(entry.text);
}

/** Those that are tables, partitioned ones too. */
export function isTable(entry: TocEntry | undefined): boolean {
  return isOne(entry, /^TABLE /);
}

export interface Structure {
  readonly entries: readonly TocEntry[];
  /** By dump id. */
  readonly byId: ReadonlyMap<number, TocEntry>;
  /** Dump ids of a table's partitions, and of what a partition is one of. */
  readonly partitions: ReadonlyMap<number, readonly number[]>;
  readonly partitionOf: ReadonlyMap<number, number>;
  /** The table that has a foreign key, by the dump id of the key. */
  readonly ownerOf: ReadonlyMap<number, number>;
  /** Where a table's foreign keys lead, by its dump id. */
  readonly parents: ReadonlyMap<number, ReadonlySet<number>>;
}

export function readStructure(entries: readonly TocEntry[]): Structure {
  const byId = new Map(entries.map((entry) => [entry.dumpId, entry]));
  const tablesAmong = (ids: readonly number[]) => new Set(ids.filter((id) => isTable(byId.get(id))));
  const attached = entries
    .filter(({ oid, text }) => oid === '0' && text.startsWith('TABLE ATTACH '))
    .flatMap(({ dependsOn }) => {
      // The partition is the one that depends on the other.
      const pair = [...tablesAmong(dependsOn)];
      const child = pair.find((id) => pair.some((other) => byId.get(id)!.dependsOn.includes(other)));
      const parent = pair.find((id) => id !== child);
      return child === undefined || parent === undefined ? [] : [{ child, parent }];
    });
  const grouped = Map.groupBy(attached, ({ parent }) => parent);
  const keys = entries
    .filter(({ text }) => FOREIGN_KEY.test(text))
    .flatMap((entry) => {
      // It depends on both tables, and on what makes the parent's columns unique.
      const unique = entry.dependsOn.filter((id) => isOne(byId.get(id), KEY));
      const [parent] = tablesAmong(unique.flatMap((id) => byId.get(id)!.dependsOn));
      const tables = [...tablesAmong(entry.dependsOn)];
      // What an extension brings is not in the archive, and is there whatever is chosen.
      const child = tables.find((id) => id !== parent) ?? parent;
      return child === undefined ? [] : [{ key: entry.dumpId, child, parent: parent ?? child }];
    });
  const leading = Map.groupBy(
    keys.filter(({ child, parent }) => child !== parent),
    ({ child }) => child,
  );
  return {
    entries,
    byId,
    partitions: new Map([...grouped].map(([parent, of]) => [parent, of.map(({ child }) => child)])),
    partitionOf: new Map(attached.map(({ child, parent }) => [child, parent])),
    ownerOf: new Map(keys.map(({ key, child }) => [key, child])),
    parents: new Map([...leading].map(([child, of]) => [child, new Set(of.map(({ parent }) => parent))])),
  };
}

export interface Chosen {
  /** Dump ids of all that is restored. */
  readonly entries: ReadonlySet<number>;
  /** Those of tables: the wanted ones, and those without which they cannot be. */
  readonly tables: ReadonlySet<number>;
  /** What the tables have and is not restored. */
  readonly leftOut: readonly TocEntry[];
}

/** The wanted tables with their partitions, what they inherit from, and all they are made of. */
export function chooseStructure(structure: Structure, wanted: Iterable<number>): Chosen {
  const { entries, byId, partitions, ownerOf } = structure;
  const needed = closure(wanted, (id) => [...requirements(structure, id), ...(partitions.get(id) ?? [])]);
  const known = new Map<number, boolean>();
  const keeps = (id: number): boolean => {
    const entry = byId.get(id);
    // Not in the archive: of another section, or of the server itself.
    if (entry === undefined || needed.has(id)) return true;
    const before = known.get(id);
    if (before !== undefined) return before;
    known.set(id, true);
    const kept =
      !isOne(entry, RELATION) && !NEVER.test(entry.text) && requirements(structure, id).every(keeps);
    known.set(id, kept);
    return kept;
  };
  const kept = new Set(entries.filter(({ dumpId }) => keeps(dumpId)).map(({ dumpId }) => dumpId));
  const tables = new Set([...needed].filter((id) => isTable(byId.get(id))));
  const leftOut = entries.filter((entry) => {
    const { dumpId, text, dependsOn } = entry;
    if (kept.has(dumpId) || isOne(entry, RELATION) || text.startsWith('INDEX ATTACH ')) return false;
    const owner = ownerOf.get(dumpId);
    return owner === undefined ? dependsOn.some((id) => tables.has(id)) : tables.has(owner);
  });
  return { entries: kept, tables, leftOut };
}

/** What an entry cannot be made without. A partition and its indexes can be made by themselves. */
function requirements({ byId, partitionOf }: Structure, id: number): readonly number[] {
  const entry = byId.get(id);
  if (entry === undefined) return [];
  const parent = partitionOf.get(id);
  const isKey = isOne(entry, KEY);
  return entry.dependsOn.filter((other) => other !== parent && !(isKey && isOne(byId.get(other), KEY)));
}

/** Tables that foreign keys and partitions of these lead to, by way of any others, and that are not among them. */
export function referencedTables(structure: Structure, tables: ReadonlySet<number>): readonly number[] {
  const { byId, partitions, partitionOf, parents } = structure;
  const reached = closure(tables, (id) => {
    const whole = partitionOf.get(id);
    return [
      ...requirements(structure, id),
      ...(partitions.get(id) ?? []),
      ...(parents.get(id) ?? []),
      ...(whole === undefined ? [] : [whole]),
    ];
  });
  return [...reached].filter((id) => isTable(byId.get(id)) && !tables.has(id));
}

function closure(from: Iterable<number>, next: (id: number) => readonly number[]): ReadonlySet<number> {
  const reached = new Set(from);
  for (const id of reached) for (const other of next(id)) reached.add(other);
  return reached;
}
