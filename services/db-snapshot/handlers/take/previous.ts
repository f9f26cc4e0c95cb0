import { isDeepStrictEqual } from 'node:util';
import type {
  DatabaseFacts,
  SliceProof,
  SliceRecord,
  TableRecord,
} from '#libs/contracts/database-snapshot.ts';
import type { SnapshotRef } from '#libs/contracts/requests.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import { EVENTS } from '#libs/telemetry/names.ts';
import type { DataTable } from '#libs/postgres/tables.ts';
import { readNdjson } from '#libs/repository/ndjson.ts';
import type { Repository } from '#libs/repository/port.ts';
import type { FrozenSource } from '../../ports.ts';
import { requireStream } from '../snapshot-streams.ts';

const DAMAGED: ReadonlySet<string> = new Set([
  'OBJECT_MISSING',
  'SNAPSHOT_DAMAGED',
  'CHUNK_MISSING',
  'PACK_DAMAGED',
]);

/** Tables of a snapshot by object id, as far as they are of the same database. */
export type PreviousTables = ReadonlyMap<string, TableRecord>;

/** Of one that cannot be read nothing is known: all is read from the database. */
export async function readPrevious(
  ref: SnapshotRef | undefined,
  { facts }: FrozenSource,
  repository: Repository,
  { signal, log }: StepContext,
): Promise<PreviousTables> {
  const tables = new Map<string, TableRecord>();
  if (ref === undefined) return tables;
  try {
    const snapshot = await repository.readSnapshot(ref, { signal });
    if (!isSameDatabase(snapshot.facts as unknown as DatabaseFacts, facts)) return tables;
    const list = repository.read(requireStream(snapshot, 'tables'), { signal });
    for await (const record of readNdjson<TableRecord>(list)) tables.set(record.oid, record);
  } catch (thrown) {
    const error = HoldfastError.from(thrown);
    if (!DAMAGED.has(error.code)) throw error;
    log.warn(EVENTS.previousUnreadable, { snapshot: ref.id, err: error });
    tables.clear();
  }
  return tables;
}

/** Where blocks and transactions of the one mean anything in the other. */
function isSameDatabase(one: Instance, other: Instance): boolean {
  return (['systemIdentifier', 'serverMajor', 'database'] as const).every(
    (fact) => one[fact] === other[fact],
  );
}

type Instance = Pick<DatabaseFacts, 'systemIdentifier' | 'serverMajor' | 'database'>;

/**
 * The stream that holds the rows of a slice already: the same sums in the same blocks of a table of the same shape. A row
 * that was written again, even with values that are equal to the server, is another version in another place.
 */
export function streamOf(
  earlier: TableRecord | undefined,
  table: DataTable,
  at: number,
  found: SliceProof,
): SliceRecord | undefined {
  const slice = earlier?.slices[at];
  if (earlier === undefined || slice === undefined || found.versions === null) return undefined;
  const isSame = slice.rows === found.rows && slice.hash === found.hash && slice.versions === found.versions;
  return isSame && isDeepStrictEqual(shapeOf(earlier, earlier.contentHash), shapeOf(table, table))
    ? slice
    : undefined;
}

function shapeOf(table: Shape, { algorithm }: Pick<DataTable, 'algorithm'>) {
  const { schema, name, columns, types, format, throughRoot } = table;
  return { schema, name, columns, types, format, throughRoot, algorithm };
}

type Shape = Pick<TableRecord, 'schema' | 'name' | 'columns' | 'types' | 'format' | 'throughRoot'>;
