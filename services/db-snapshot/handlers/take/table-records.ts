import { availableParallelism } from 'node:os';
import type { SliceProof, SliceRecord, TableRecord } from '#libs/contracts/database-snapshot.ts';
import type { Spec } from '#libs/contracts/spec.ts';
import { inTurns } from '#libs/kernel/in-turns.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { SlicedProof } from '#libs/postgres/prove.ts';
import type { DataTable, Slice } from '#libs/postgres/tables.ts';
import { lineOf } from '#libs/repository/ndjson.ts';
import type { StreamRef } from '#libs/repository/port.ts';
import { withHeartbeat, withHeartbeats } from '#libs/runtime/heartbeat.ts';
import { isExcluded } from '../../domain/excluded-tables.ts';
import { tableText } from '../../domain/find-table.ts';
import type { Tally } from '../../domain/tally.ts';
import type { FrozenSource } from '../../ports.ts';
import { isAsItWas, slicesBefore, type PreviousTables } from './previous.ts';

interface Taking {
  readonly source: FrozenSource;
  readonly spec: Spec;
  readonly tally: Tally;
  readonly previous: PreviousTables;
  /** `onBytes` is told source bytes as they pass. */
  readonly write: (bytes: AsyncIterable<Uint8Array>, onBytes: (bytes: number) => void) => Promise<StreamRef>;
  readonly keep: (stream: StreamRef) => Promise<boolean>;
  /** Of that many more bytes and rows of all tables, or of none as a sign of life. */
  readonly moved: (bytes: number, activity: string, rows?: number) => void;
}

/** One more than there are sessions, so that each always has work. */
export const TABLES_AT_ONCE = availableParallelism() + 2;

/**
 * Copies and proves all tables, in as many sessions as there are, the largest first: what is small fills the gaps at
 * the end. A TableRecord a line, in the order of `source.tables`: a line takes a fraction of the record's memory.
 */
export async function takeTables(taking: Taking): Promise<readonly string[]> {
  const { tables } = taking.source;
  const lines = Array<string>(tables.length);
  const largestFirst = [...tables.entries()].toSorted(([, a], [, b]) => b.bytes - a.bytes);
  await inTurns(largestFirst, TABLES_AT_ONCE, async ([at, table]) => {
    lines[at] = lineOf(await takeTable(table, taking));
  });
  return lines;
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
  const { oid, schema, name, columns, types, layout, format, algorithm, throughRoot } = table;
  const record = { oid, schema, name, columns, types, layout, format, throughRoot };
  if (!isTaken(table, taking))
    return { ...record, rows: 0, contentHash: { algorithm, value: '0' }, slices: [] };
  const text = tableText(table);
  const proving = source.reading((reader) =>
    withHeartbeat(
      () => moved(0, `proof of ${text}`),
      () => reader.prove(table),
    ),
  );
  const before = slicesBefore(previous, table);
  const [proof, ...taken] = await Promise.all([
    proving,
    ...table.slices.map(async (slice, at) => {
      const kept = before && (await keptSlice(before[at], (await proving).slices[at]!, taking));
      const found = kept ?? (await copySlice(table, slice, taking));
      moved(kept === undefined ? 0 : slice.bytes, text, (await proving).slices[at]!.rows);
      return found;
    }),
  ]);
  requireSame(table, taken, proof);
  tally.counted(text, proof.rows);
  const slices = taken.map(({ stream }, at) => ({ ...stream, ...proof.slices[at]! }));
  return { ...record, ...proof, slices };
}

/** A slice's rows as they go into the backup, and how many the server says it sent. */
interface TakenSlice {
  readonly stream: StreamRef;
  readonly rows: number;
}

/** What the backup before has of a slice that is as it was, as long as it is there. */
async function keptSlice(
  before: SliceRecord | undefined,
  found: SliceProof,
  { keep }: Taking,
): Promise<TakenSlice | undefined> {
  if (before === undefined || !isAsItWas(before, found) || !(await keep(before))) return undefined;
  const { bytes, sha256, chunks } = before;
  return { stream: { bytes, sha256, chunks }, rows: found.rows };
}

/** Two queries of one moment found the same rows. Throws DATABASE_COPY_DIFFERS. */
function requireSame(table: DataTable, taken: readonly TakenSlice[], proof: SlicedProof): void {
  const copied = taken.reduce((sum, { rows }) => sum + rows, 0);
  if (copied === proof.rows && taken.every(({ rows }, at) => rows === proof.slices[at]!.rows)) return;
  const found = { table: tableText(table), copied, counted: proof.rows };
  throw new HoldfastError('DATABASE_COPY_DIFFERS', found);
}

async function copySlice(table: DataTable, slice: Slice, taking: Taking): Promise<TakenSlice> {
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
    let rows = 0;
    const copied = reader.copy(table, slice, (sent) => (rows = sent));
    const stream = await write(
      withHeartbeats(() => moved(0, text), copied),
      tell,
    );
    tell(left);
    return { stream, rows };
  });
}
