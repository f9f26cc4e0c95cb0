import type { DocumentRow } from '#libs/contracts/database-snapshot.ts';
import type { Spec } from '#libs/contracts/spec.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { resolveDocument } from '../../domain/document-rows.ts';
import { findTable } from '../../domain/find-table.ts';
import type { Tally } from '../../domain/tally.ts';
import type { FrozenSource } from '../../ports.ts';

/** Rows that name files, by the spec's rules, at the frozen moment. */
export async function* documentRows(
  source: FrozenSource,
  spec: Spec,
  tally: Tally,
): AsyncIterable<DocumentRow> {
  for (const rule of spec.files.documents) {
    const table = findTable(source.relations, rule.table);
    if (table === undefined)
      throw new HoldfastError('SPEC_INVALID', { table: rule.table, reason: 'no such table' });
    for await (const file of source.documents(rule, table)) {
      const row = resolveDocument(rule, file);
      if (row === undefined) {
        tally.escaped(rule, file.path);
      } else {
        tally.documents += 1;
        yield row;
      }
    }
  }
}
