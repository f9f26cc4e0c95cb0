import type { Spec } from '#libs/contracts/spec.ts';
import { HoldfastError, problem, type Problem } from '#libs/kernel/errors.ts';
import { parseAddress, withDatabase } from '#libs/postgres/address.ts';
import { connectDatabase, type Database } from '#libs/postgres/connect.ts';
import { listRelations, type RelationFact } from '#libs/postgres/tables.ts';
import { requireClient } from '#libs/postgres/tools.ts';
import { findTable, tableText } from '../domain/find-table.ts';
import { isExcluded } from '../domain/excluded-tables.ts';
import type { Examination } from '../ports.ts';
import { findHindrances } from './hindrances.ts';
import { administratorOf, liveAddress } from './maintenance.ts';
import type { SourceHost } from './source.ts';
import { readSystemIdentifier } from './source-facts.ts';
import { findSystemGrants } from './system-grants.ts';
import { findExtensionRows, findUncopied } from './uncopied.ts';

/** Everything that would stop a backup, or make it less than all, before anything is touched. */
export async function examineSource(spec: Spec, host: SourceHost, signal: AbortSignal): Promise<Examination> {
  const url = liveAddress(spec, host);
  await using database = await connectDatabase(url, { signal });
  const relations = await listRelations(database);
  const reading = await findHindrances(database, { spec, host, url, signal }, relations);
  const problems = [
    ...(await clientProblems(database.serverMajor, host.pgBin)),
    ...(await administratorProblems(spec, host, signal)),
    ...reading.problems,
    ...exclusionProblems(spec, relations),
    ...(await keyProblems(spec, database)),
    ...(await documentProblems(spec, relations, database)),
  ];
  const named = [
    ...(await findUncopied(database)),
    ...(await findExtensionRows(database)),
    ...(await findSystemGrants(database, parseAddress(administratorOf(spec, host)).user)),
  ];
  const warnings = [...named.map(({ what, reason }) => unsupported(what, reason)), ...reading.tolerated];
  const [size] = await database.query<{ bytes: string }>(
    'SELECT pg_database_size(current_database())::text AS bytes',
  );
  const facts = {
    serverVersion: database.serverVersion,
    database: database.address.database,
    systemIdentifier: await readSystemIdentifier(database),
    bytes: Number(size!.bytes),
    tables: relations.filter(({ partitioned }) => !partitioned).length,
  };
  return { problems, warnings, facts };
}

const unsupported = (what: string, reason: string) => problem('DATABASE_UNSUPPORTED', what, reason);

export async function clientProblems(
  serverMajor: number,
  pgBin: string | undefined,
): Promise<readonly Problem[]> {
  try {
    await requireClient(serverMajor, pgBin);
    return [];
  } catch (thrown) {
    return [problemOf(thrown, `PostgreSQL ${serverMajor}`)];
  }
}

/** Roles are read through the administrator's address: it must not fail when the dump is nearly done. */
async function administratorProblems(
  spec: Spec,
  host: SourceHost,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  const { url, restoreUrl = url } = spec.database;
  try {
    const live = parseAddress(liveAddress(spec, host)).database;
    await using _session = await connectDatabase(withDatabase(host.requireSecret(restoreUrl), live), {
      signal,
    });
    return [];
  } catch (thrown) {
    const place = 'env' in restoreUrl ? restoreUrl.env : restoreUrl.file;
    return [problemOf(thrown, `database.restoreUrl (${place})`)];
  }
}

function problemOf(thrown: unknown, subject: string): Problem {
  const error = HoldfastError.from(thrown);
  return problem(error.code, subject, error.message, error.remedy);
}

function exclusionProblems(spec: Spec, relations: readonly RelationFact[]): readonly Problem[] {
  return spec.database.exclude
    .filter(
      ({ table }) => !relations.some((relation) => isExcluded(spec, relation) && named(relation, table)),
    )
    .map(({ table }) => problem('SPEC_INVALID', `database.exclude ${table}`, 'there is no such table'));
}

function named(relation: RelationFact, table: string): boolean {
  return tableText(relation) === table || (relation.schema === 'public' && relation.name === table);
}

/** Rows that would point at rows left out: the restored key could not be made. */
async function keyProblems(spec: Spec, database: Database): Promise<readonly Problem[]> {
  if (spec.database.exclude.length === 0) return [];
  const keys = await database.query<{ cs: string; cn: string; ps: string; pn: string; name: string }>(
    `SELECT cn.nspname AS cs, c.relname AS cn, pn.nspname AS ps, p.relname AS pn, k.conname AS name
       FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace cn ON cn.oid = c.relnamespace
       JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace
      WHERE k.contype = 'f' AND k.convalidated ORDER BY 1, 2, 5`,
  );
  return keys
    .filter(
      ({ cs, cn, ps, pn }) =>
        isExcluded(spec, { schema: ps, name: pn }) && !isExcluded(spec, { schema: cs, name: cn }),
    )
    .map(({ cs, cn, ps, pn, name }) =>
      problem(
        'SPEC_INVALID',
        `database.exclude ${ps}.${pn}`,
        `rows of ${cs}.${cn} refer to it (${name})`,
        `exclude ${cs}.${cn} as well, or neither`,
      ),
    );
}

async function documentProblems(
  spec: Spec,
  relations: readonly RelationFact[],
  database: Database,
): Promise<readonly Problem[]> {
  const problems: Problem[] = [];
  for (const rule of spec.files.documents) {
    const table = findTable(relations, rule.table);
    const subject = `files.documents of ${rule.table}`;
    if (table === undefined) {
      problems.push(problem('SPEC_INVALID', subject, 'there is no such table'));
      continue;
    }
    const columns = await database.query<{ name: string }>(
      'SELECT attname AS name FROM pg_attribute WHERE attrelid = $1::oid AND attnum > 0 AND NOT attisdropped',
      [table.oid],
    );
    const known = new Set(columns.map(({ name }) => name));
    for (const column of [rule.path, rule.sha256, rule.size])
      if (column !== undefined && !known.has(column))
        problems.push(problem('SPEC_INVALID', subject, `the table has no column ${JSON.stringify(column)}`));
  }
  return problems;
}
