/** An entry of an archive of pg_dump, as `pg_restore --list --verbose` names it. */
export interface TocEntry {
  readonly dumpId: number;
  /** Object id in the source of what it makes; '0' where that has none. */
  readonly oid: string;
  /** First word or words are the kind; then schema, name and owner, in which line ends are spaces. */
  readonly text: string;
  /** Dump ids, also of entries that the archive does not have. */
  readonly dependsOn: readonly number[];
}

const ENTRY = /^(\d+); \d+ (\d+) (.*)$/;
const DEPENDS = /^;\s+depends on:((?: \d+)*)/;

/** In the order in which they can be restored. */
export function parseToc(list: string): readonly TocEntry[] {
  const entries: (TocEntry & { dependsOn: readonly number[] })[] = [];
  for (const line of list.split('\n')) {
    const [, dumpId, oid, text] = ENTRY.exec(line) ?? [];
    if (dumpId !== undefined) {
      entries.push({ dumpId: Number(dumpId), oid: oid!, text: text!, dependsOn: [] });
      continue;
    }
    const dependsOn = DEPENDS.exec(line)?.[1]?.trim().split(' ').map(Number);
    if (dependsOn !== undefined) entries.at(-1)!.dependsOn = dependsOn;
  }
  return entries;
}

/** What `pg_restore --use-list` takes. */
export function listOf(entries: readonly TocEntry[]): string {
  return entries.map(({ dumpId }) => `${dumpId};\n`).join('');
}

const KINDS = {
  table: /^TABLE (?!ATTACH |DATA )/,
  index: /^INDEX (?!ATTACH )/,
  indexAttach: /^INDEX ATTACH /,
  constraint: /^CONSTRAINT /,
  foreignKey: /^FK CONSTRAINT /,
  refresh: /^MATERIALIZED VIEW DATA /,
  eventTrigger: /^EVENT TRIGGER /,
} as const;

/** A schema in capitals that is called as the second word of a kind makes it another one: such an entry is restored with the rest. */
export function isKind({ text }: TocEntry, kind: keyof typeof KINDS): boolean {
  return KINDS[kind].test(text);
}
