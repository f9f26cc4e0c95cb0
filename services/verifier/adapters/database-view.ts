import type { Host } from '#libs/runtime/host.ts';
import { withDatabase } from '#libs/postgres/address.ts';
import { connectDatabase } from '#libs/postgres/connect.ts';
import { countOrphans, proveTable } from '#libs/postgres/prove.ts';
import { qualified, quoteName } from '#libs/postgres/quote.ts';
import { readSequences } from '#libs/postgres/sequences.ts';
import { listRelations } from '#libs/postgres/tables.ts';
import type { Databases } from '../ports.ts';

/** A session of the verifier's own; every question is an aggregate that the server answers from what it holds. */
export function databaseViews(requireSecret: Host['requireSecret']): Databases {
  return {
    async open(spec, name, signal) {
      const url = requireSecret(spec.database.restoreUrl ?? spec.database.url);
      const database = await connectDatabase(withDatabase(url, name), { signal });
      return {
        async tables() {
          return (await listRelations(database)).filter(({ partitioned }) => !partitioned);
        },
        prove: (table) => proveTable(database, table),
        async countTrue({ column, ...table }) {
          const [row] = await database.query<{ count: string }>(
            `SELECT count(*) FILTER (WHERE ${quoteName(column)}) AS count FROM ${qualified(table)}`,
          );
          return Number(row?.count);
        },
        sequences: () => readSequences(database),
        orphans: () => countOrphans(database),
        [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
      };
    },
  };
}
