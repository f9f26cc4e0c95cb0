import { availableParallelism } from 'node:os';
import type { Host } from '#libs/runtime/host.ts';
import { withDatabase } from '#libs/postgres/address.ts';
import { connectDatabase } from '#libs/postgres/connect.ts';
import { countOrphans, listForeignKeys, proveTable } from '#libs/postgres/prove.ts';
import { qualified, quoteName } from '#libs/postgres/quote.ts';
import { readSchemaDigests } from '#libs/postgres/schema-digests.ts';
import { readSequences } from '#libs/postgres/sequences.ts';
import { Sessions } from '#libs/postgres/sessions.ts';
import { listRelations, tablesWithRows } from '#libs/postgres/tables.ts';
import type { Databases } from '../ports.ts';

/** Sessions of the verifier's own; every question is an aggregate that the server answers from what it holds. */
export function databaseViews(requireSecret: Host['requireSecret']): Databases {
  return {
    async open(spec, name, signal) {
      const url = requireSecret(spec.database.restoreUrl ?? spec.database.url);
      const sessions = await Sessions.open(availableParallelism(), () =>
        connectDatabase(withDatabase(url, name), { signal }),
      );
      const serverMajor = await sessions.use(async (database) => database.serverMajor);
      return {
        serverMajor,
        schema: () => sessions.use(readSchemaDigests),
        tables: () =>
          sessions.use(async (database) => await tablesWithRows(database, await listRelations(database))),
        prove: (table) => sessions.use((database) => proveTable(database, table)),
        countTrue: ({ column, ...table }) =>
          sessions.use(async (database) => {
            const [row] = await database.query<{ count: string }>(
              `SELECT count(*) FILTER (WHERE ${quoteName(column)}) AS count FROM ${qualified(table)}`,
            );
            return Number(row?.count);
          }),
        sequences: () => sessions.use(readSequences),
        async orphans() {
          const keys = await sessions.use(listForeignKeys);
          const counted = await Promise.all(
            keys.map((key) => sessions.use((database) => countOrphans(database, key))),
          );
          return counted.filter(({ rows }) => rows > 0);
        },
        [Symbol.asyncDispose]: () => sessions[Symbol.asyncDispose](),
      };
    },
  };
}
