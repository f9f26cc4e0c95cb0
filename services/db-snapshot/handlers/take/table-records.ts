import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';
import type { SliceProof, TableRecord } from '#libs/contracts/database-snapshot.ts';
import type { Spec } from '#libs/contracts/spec.ts';
import type { DataTable, Slice } from '#libs/postgres/tables.ts';
import type { ChunkWriter, StreamRef } from '#libs/repository/port.ts';
import { withHeartbeat, withHeartbeats } from '#libs/runtime/heartbeat.ts';
import { isExcluded } from '../../domain/excluded-tables.ts';
import { tableText } from '../../domain/find-table.ts';
import type { Tally } from '../../domain/tally.ts';
import type { FrozenSource } from '../../ports.ts';
import { streamOf, type PreviousTables } from './previous.ts';

interface Taking {
  readonly source: FrozenSource;
  readonly spec: Spec;
  readonly tally: Tally;
  readonly previous: PreviousTables;
  /** `onBytes` is told source bytes as they pass. */
  readonly write: (bytes: AsyncIterable<Uint8Array>, onBytes: (bytes: number) => void) => Promise<StreamRef>;
  readonly keep: ChunkWriter['keepStream'];
  /** Of that many more bytes and rows of all tables, or of none as a sign of life. */
  readonly moved: (bytes: number, activity: string, rows?: number) => void;
}

/**
 * One more than there are sessions, so that each always has work. Of twenty thousand tables the rest would only wait,
 * and what waits long is not cleared away for long.
 */
export const TABLES_AT_ONCE = availableParallelism() + 2;

/**
 * Copies and proves all tables, in as many sessions as there are, the largest first: what is small fills the gaps at
 * the end. In the order of `source.tables`.
 */
export async function takeTables(taking: Taking): Promise<readonly TableRecord[]> {
  const { source } = taking;
  const largestFirst = source.tables.toSorted((a, b) => b.bytes - a.bytes);
  const taken = await pLimit(TABLES_AT_ONCE).map(
    largestFirst,
    async (table) => [table, await takeTable(table, taking)] as const,
  );
  const records = new Map(taken);
  return source.tables.map((table) => records.get(table)!);
}

/** Whether rows of it go into the backup: not those of one that is excluded, or may not be read. */
export function isTaken(table: DataTable, { source, spec }: Pick<Taking, 'source' | 'spec'>): boolean {
  return !(isExcluded(spec, table) || source.unreadable.has(table.oid));
}

/**
 * One whose rows are not taken is there, and empty. Of one that the backup before has the proof comes first, and only
 * slices that changed are copied.
 */
async function takeTable(table: DataTable, taking: Taking): Promise<TableRecord> {
  const { source, tally, previous, moved } = taking;
  const { oid, schema, name, columns, types, format, algorithm, throughRoot } = table;
  const record = { oid, schema, name, columns, types, format, throughRoot };
  if (!isTaken(table, taking))
    return { ...record, rows: 0, contentHash: { algorithm, value: '0' }, slices: [] };
  const text = tableText(table);
  const proving = source.reading((reader) =>
    withHeartbeat(
      () => moved(0, `proof of ${text}`),
      () => reader.prove(table),
    ),
  );
  const earlier = previous.get(oid);
  const [proof, ...streams] = await Promise.all([
    proving,
    ...table.slices.map(async (slice, at) => {
      const kept = earlier && (await keptStream(earlier, table, at, (await proving).slices[at]!, taking));
      const stream = kept ?? (await copySlice(table, slice, taking));
      moved(0, text, (await proving).slices[at]!.rows);
      return stream;
    }),
  ]);
  tally.counted(text, proof.rows);
  const slices = streams.map((stream, at) => ({ ...stream, ...proof.slices[at]! }));
  return { ...record, ...proof, slices };
}

/** What the backup before has of a slice that is as it was, as long as it is there. */
async function keptStream(
  earlier: TableRecord,
  table: DataTable,
  at: number,
  found: SliceProof,
  { keep, moved }: Taking,
): Promise<StreamRef | undefined> {
  const stream = streamOf(earlier, table, at, found);
  if (stream === undefined || !(await keep(stream))) return undefined;
  moved(table.slices[at]!.bytes, tableText(table));
  const { bytes, sha256, chunks } = stream;
  return { bytes, sha256, chunks };
}

async function copySlice(table: DataTable, slice: Slice, taking: Taking): Promise<StreamRef> {
  const { source, write, moved } = taking;
  const text = tableText(table);
  return await source.reading(async (reader) => {
    // Rows weigh more or less on their way than in the table: a slice counts for what it weighs there.
    let left = slice.bytes;
    const tell = (bytes: number) => {
      const counted = Math.min(left, bytes);
      left -= counted;
      moved(counted, text);
    };
    const rows = withHeartbeats(() => moved(0, text), reader.copy(table, slice));
    const stream = await write(rows, tell);
    tell(left);
    return stream;
  });
}
