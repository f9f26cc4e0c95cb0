import type { DocumentRow } from '#libs/contracts/database-snapshot.ts';
import type { Spec } from '#libs/contracts/spec.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { groupRules, isAddress, leavesRoots, resolveDocument } from '../../domain/document-rows.ts';
import { findTable } from '../../domain/find-table.ts';
import type { Tally } from '../../domain/tally.ts';
import type { FrozenSource } from '../../ports.ts';

/** Rows that name files, by the spec's rules, at the frozen moment. A path that no rule is for is named, not dropped. */
export async function* documentRows(
  source: FrozenSource,
  spec: Spec,
  tally: Tally,
): AsyncIterable<DocumentRow> {
  for (const rules of groupRules(spec.files.documents)) {
    const any = { ...rules[0], prefix: '' };
    const table = findTable(source.relations, any.table);
    if (table === undefined)
      throw new HoldfastError('SPEC_INVALID', { table: any.table, reason: 'no such table' });
    for await (const file of source.documents(any, table)) {
      // An address is a path only where a rule names its beginning: that bucket is mounted.
      const elsewhere = isAddress(file.path);
      const fitting = rules.filter(
        ({ prefix }) => file.path.startsWith(prefix) && !(elsewhere && prefix === ''),
      );
      if (fitting.length === 0 && elsewhere) tally.elsewhere(rules[0], file.path);
      else if (fitting.length === 0 && leavesRoots(file.path)) tally.escaped(rules[0], file.path);
      else if (fitting.length === 0) tally.strayed(rules[0], file.path);
      for (const rule of fitting) {
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
}
