import type { Spec } from '#libs/contracts/spec.ts';
import { connectDatabase, type Database } from '#libs/postgres/connect.ts';
import { qualified } from '#libs/postgres/quote.ts';
import { listRelations, ownRelations, type RelationFact } from '#libs/postgres/tables.ts';
import { tableText } from '../domain/find-table.ts';
import { keptNames } from '../domain/names.ts';
import type { Examination } from '../ports.ts';
import { liveAddress, listDatabases } from './maintenance.ts';
import { readSystemIdentifier } from './source-facts.ts';
import type { SourceHost } from './source.ts';
import { MAY_READ } from './unreadable.ts';

/** Larger tables, and those that may not be read, are told as the server estimates them: a question must not cost the application its cache. */
const COUNTED_BYTES_MAX = 64 * 1024 * 1024;

/** How much is there now, one table after the other, in a session that cannot write. */
export async function surveySource(spec: Spec, host: SourceHost, signal: AbortSignal): Promise<Examination> {
  await using database = await connectDatabase(liveAddress(spec, host), { signal });
  await database.run('SET default_transaction_read_only = on');
  const relations = (await listRelations(database)).filter(({ partitioned }) => !partitioned);
  const { rowsByTable, estimated } = await countRows(database, relations);
  const [sequences] = await database.query<{ count: string }>(
    `SELECT count(*)::text AS count FROM ${ownRelations(['S'])}`,
  );
  const { database: name } = database.address;
  const facts = {
    serverVersion: database.serverVersion,
    database: name,
    systemIdentifier: await readSystemIdentifier(database),
    tables: relations.length,
    sequences: Number(sequences!.count),
    rowsByTable,
    estimated,
    kept: [...keptNames(name, [...(await listDatabases(database)).keys()])],
  };
  return { problems: [], warnings: [], facts };
}

async function countRows(database: Database, relations: readonly RelationFact[]) {
  const rowsByTable: Record<string, number> = {};
  const estimated: string[] = [];
  const known = await database.query<{ oid: string; bytes: string; estimate: number; may: boolean }>(
    `SELECT c.oid::text AS oid, pg_relation_size(c.oid)::text AS bytes, greatest(reltuples, 0) AS estimate, ${MAY_READ} AS may
       FROM pg_class c WHERE c.oid = ANY($1::oid[])`,
    [relations.map(({ oid }) => oid)],
  );
  const byOid = new Map(known.map((table) => [table.oid, table]));
  for (const relation of relations) {
    const table = byOid.get(relation.oid);
    // Dropped meanwhile.
    if (table === undefined) continue;
    const text = tableText(relation);
    if (!table.may || (Number(table.bytes) > COUNTED_BYTES_MAX && table.estimate > 0)) {
      rowsByTable[text] = Math.round(table.estimate);
      estimated.push(text);
      continue;
    }
    const [counted] = await database.query<{ rows: string }>(
      `SELECT count(*)::text AS rows FROM ONLY ${qualified(relation)}`,
    );
    rowsByTable[text] = Number(counted!.rows);
  }
  return { rowsByTable, estimated };
}
