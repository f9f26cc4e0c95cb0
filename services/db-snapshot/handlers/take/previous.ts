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

/** Tables of a snapshot by object id, as far as they are of the same database; a text is a third of what it stands for. */
export type PreviousTables = Map<string, { readonly shape: string; readonly slices: string }>;

/** Of one that cannot be read nothing is known: all is read from the database. */
export async function readPrevious(
  ref: SnapshotRef | undefined,
  { facts }: FrozenSource,
  repository: Repository,
  { signal, log }: StepContext,
  onTable: () => void,
): Promise<PreviousTables> {
  const tables: PreviousTables = new Map();
  if (ref === undefined) return tables;
  try {
    const snapshot = await repository.readSnapshot(ref, { signal });
    if (!isSameDatabase(snapshot.facts as unknown as DatabaseFacts, facts)) return tables;
    const list = repository.read(requireStream(snapshot, 'tables'), { signal });
    for await (const record of readNdjson<TableRecord>(list)) {
      const shape = shapeOf(record, record.contentHash);
      tables.set(record.oid, { shape, slices: JSON.stringify(record.slices) });
      onTable();
    }
  } catch (thrown) {
    const error = HoldfastError.from(thrown);
    if (error.entry.retry !== 'corrupt') throw error;
    log.warn(EVENTS.previousUnreadable, { snapshot: ref.id, err: error });
    tables.clear();
  }
  return tables;
}

/** Where blocks and transactions of the one mean anything in the other: not on another timeline, nor where nobody can tell. */
function isSameDatabase(one: DatabaseFacts, other: FrozenSource['facts']): boolean {
  if (other.systemIdentifier === '' || other.timeline === '') return false;
  return (['systemIdentifier', 'timeline', 'serverMajor', 'database', 'databaseOid'] as const).every(
    (fact) => one[fact] === other[fact],
  );
}

/** Of a table whose rows lie as they lay then, in the same blocks; undefined where a slice cannot be the same. Once a table. */
export function slicesBefore(previous: PreviousTables, table: DataTable): readonly SliceRecord[] | undefined {
  const before = previous.get(table.oid);
  previous.delete(table.oid);
  if (table.bounds === undefined || before?.shape !== shapeOf(table, table)) return undefined;
  return JSON.parse(before.slices) as readonly SliceRecord[];
}

/**
 * Whether it holds the rows that were found now. A row that was written again, even with values that are equal to the
 * server, is another version in another place.
 */
export function isAsItWas(slice: SliceRecord, found: SliceProof): boolean {
  return slice.rows === found.rows && slice.hash === found.hash && slice.versions === found.versions;
}

function shapeOf(table: Shape, { algorithm }: Pick<DataTable, 'algorithm'>): string {
  const { schema, name, columns, types, layout, format, throughRoot } = table;
  return JSON.stringify([schema, name, columns, types, layout, format, throughRoot, algorithm]);
}

type Shape = Pick<TableRecord, 'schema' | 'name' | 'columns' | 'types' | 'layout' | 'format' | 'throughRoot'>;
