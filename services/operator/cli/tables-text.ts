import type { Input } from './command.ts';
import type { Described, RestorePlan } from './front-door.ts';
import { bytesText, countText, table } from './text.ts';

/** What a restore of some tables holds and lacks: facts of its plan, and its outcome. */
export interface ToldTables {
  readonly restored: readonly { readonly schema: string; readonly name: string; readonly rows: number }[];
  readonly leftOut: readonly string[];
  readonly referenced: readonly string[];
}

/** Of a plan; undefined for any other restore. */
export function tablesOfPlan({ factsJson }: RestorePlan): ToldTables | undefined {
  const { database } = JSON.parse(factsJson) as { database?: { tables?: ToldTables } };
  return database?.tables;
}

/** Lines about them. Pure. */
export function tablesText({ restored, leftOut, referenced }: ToldTables): readonly string[] {
  const rows = restored.reduce((sum, table) => sum + table.rows, 0);
  const list = (what: string, names: readonly string[]) =>
    names.length === 0 ? [] : [what, ...names.map((name) => `  ${name}`)];
  return [
    ...list(
      `${countText(restored.length, 'table')}, ${countText(rows, 'row')}:`,
      restored.map((each) => `${nameOf(each)}: ${countText(each.rows, 'row')}`),
    ),
    ...list('of these tables it is left out:', leftOut),
    ...list('their foreign keys lead to tables that are left out:', referenced),
  ];
}

/** The tables of a backup. Pure. */
export function describedText({ tables }: Described): string {
  const rows = tables.map((each) => [
    nameOf(each),
    each.leftOut ? 'left out' : each.rows,
    bytesText(Number(each.bytes)),
    each.references.map(nameOf).join(', '),
  ]);
  return tables.length === 0 ? 'no tables' : table(['TABLE', 'ROWS', 'BYTES', 'LEADS TO'], rows);
}

function nameOf({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return `${schema}.${name}`;
}

/** The command that adds what foreign keys lead to; undefined where nothing is left to add. */
export function commandWithReferenced(input: Input, plan: RestorePlan): string | undefined {
  if ((tablesOfPlan(plan)?.referenced ?? []).length === 0) return undefined;
  const options = [
    ['--backup', plan.backupId],
    ['--to', input.text('to')],
    ...input.list('tables').map((names) => ['--tables', names]),
    ['--into', input.text('into')],
  ] as const;
  const words = options.flatMap(([flag, value]) => (value === undefined ? [] : [flag!, quoted(value)]));
  return ['holdfast restore', input.word(0), ...words, '--with-referenced'].join(' ');
}

/** As a shell reads it. */
function quoted(word: string): string {
  return /^[\w.,:/-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
