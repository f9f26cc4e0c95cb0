import type { TakeSnapshotOutcome } from '#libs/contracts/requests.ts';
import type { Spec } from '#libs/contracts/spec.ts';
import { tableText } from './find-table.ts';

interface Named {
  readonly schema: string;
  readonly name: string;
}

/** `table` stands for the one of the public schema; any other is written with its schema. Pure. */
export function isExcluded(spec: Spec, table: Named): boolean {
  return exclusionOf(spec, table) !== undefined;
}

/** Left out because the deployment's owner said so: named, and not a lack of the backup. */
export function excludedTables(
  spec: Spec,
  tables: readonly Named[],
): readonly TakeSnapshotOutcome['leftOut'][number][] {
  return tables.flatMap((table) => {
    const reason = exclusionOf(spec, table)?.reason;
    return reason === undefined ? [] : [{ what: tableText(table), reason, partial: false }];
  });
}

function exclusionOf(spec: Spec, table: Named) {
  const names = [tableText(table), ...(table.schema === 'public' ? [table.name] : [])];
  return spec.database.exclude.find((entry) => names.includes(entry.table));
}
