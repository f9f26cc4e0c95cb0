import { availableParallelism } from 'node:os';
import type { SliceProof, SliceRecord, TableRecord } from '#libs/contracts/database-snapshot.ts';
import type { Spec } from '#libs/contracts/spec.ts';
import { inTurns } from '#libs/kernel/in-turns.ts';
import { partition } from '#libs/kernel/partition.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { SlicedProof } from '#libs/postgres/prove.ts';
import type { DataTable, Slice } from '#libs/postgres/tables.ts';
import { lineOf } from '#libs/repository/ndjson.ts';
import type { StreamRef } from '#libs/repository/port.ts';
import { withHeartbeat, withHeartbeats } from '#libs/runtime/heartbeat.ts';
import { isExcluded } from '../../domain/excluded-tables.ts';
import { tableText } from '../../domain/find-table.ts';
import type { Progress, TAKING } from '../../domain/progress.ts';
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
  readonly done: Progress<keyof typeof TAKING>;
  /** How much is done, with what is at work: also as a sign of life. */
  readonly tell: (activity: string) => void;
}

/** Or batches of small ones: one more than there are sessions, so that each always has work. */
export const TABLES_AT_ONCE = availableParallelism() + 2;
/** Of small tables so many are proved by one query: to ask of each takes longer than the answer. */
const BATCH_TABLES = 8;
const SMALL_BYTES = 256 * 1024;

/**
 * Copies and proves all tables, in as many sessions as there are, the largest first: what is small fills the gaps at
 * the end. A TableRecord a line, in the order of `source.tables`: a line takes a fraction of the record's memory.
 */
export async function takeTables(taking: Taking): Promise<string[]> {
  const all = [...taking.source.tables.entries()];
  const lines = Array<string>(all.length);
  const [wanted, others] = partition(all, ([, table]) => isTaken(table, taking));
  for (const [at, table] of others) lines[at] = lineOf(emptyRecord(table));
  await inTurns(batchesOf(wanted), TABLES_AT_ONCE, async (batch) => {
    const proving = proveTogether(
      batch.map(([, table]) => table),
      taking,
    );
    const taken = batch.map(async ([at, table], n) => {
      const proof = proving.then((proofs) => proofs[n]!);
      lines[at] = lineOf(await takeTable(table, proof, taking));
    });
    await Promise.all(taken);
  });
  return lines;
}

type Numbered = readonly [at: number, table: DataTable];

/** Each large table, the largest first, then the small ones. */
function batchesOf(tables: readonly Numbered[]): readonly (readonly Numbered[])[] {
  const [small, large] = partition(tables, ([, { bytes }]) => bytes <= SMALL_BYTES);
  const batches = Array.from({ length: Math.ceil(small.length / BATCH_TABLES) }, (_, n) =>
    small.slice(n * BATCH_TABLES, (n + 1) * BATCH_TABLES),
  );
  return [...large.toSorted(([, a], [, b]) => b.bytes - a.bytes).map((table) => [table]), ...batches];
}

async function proveTogether(
  tables: readonly DataTable[],
  { source, tell }: Taking,
): Promise<readonly SlicedProof[]> {
  const others = tables.length > 1 ? ` and ${tables.length - 1} more` : '';
  const alive = () => tell(`proof of ${tableText(tables[0]!)}${others}`);
  return await source.reading((reader) => withHeartbeat(alive, () => reader.prove(tables)));
}

/** Whether rows of it go into the backup: not those of one that is excluded, or may not be read. */
export function isTaken(table: DataTable, { source, spec }: Pick<Taking, 'source' | 'spec'>): boolean {
  return !(isExcluded(spec, table) || source.unreadable.has(table.oid));
}

/** One whose rows are not taken is there, and empty. */
function emptyRecord(table: DataTable): TableRecord {
  const { oid, schema, name, columns, types, layout, format, algorithm, throughRoot } = table;
  const contentHash = { algorithm, value: '0' };
  return { oid, schema, name, columns, types, layout, format, rows: 0, contentHash, throughRoot, slices: [] };
}

/** Of one that the backup before has the proof comes first, and only slices that changed are copied. */
async function takeTable(
  table: DataTable,
  proving: Promise<SlicedProof>,
  taking: Taking,
): Promise<TableRecord> {
  const { tally, previous, done, tell } = taking;
  const text = tableText(table);
  const before = slicesBefore(previous, table);
  const [proof, ...taken] = await Promise.all([
    proving,
    ...table.slices.map(async (slice, at) => {
      const kept = before && (await keptSlice(before[at], (await proving).slices[at]!, taking));
      const found = kept ?? (await copySlice(table, slice, taking));
      if (kept !== undefined) done.done('tables', slice);
      done.moved((await proving).slices[at]!.rows);
      tell(text);
      return found;
    }),
  ]);
  requireSame(table, taken, proof);
  tally.counted(text, proof.rows);
  done.done('tables', { tables: 1 });
  tell(text);
  const slices = taken.map(({ stream }, at) => ({ ...stream, ...proof.slices[at]! }));
  return { ...emptyRecord(table), ...proof, slices };
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
  const pairs = taken.map(({ rows }, at) => ({ slice: at, copied: rows, counted: proof.slices[at]!.rows }));
  const copied = taken.reduce((sum, { rows }) => sum + rows, 0);
  const wrong = pairs.find((pair) => pair.copied !== pair.counted) ?? { copied, counted: proof.rows };
  if (wrong.copied !== wrong.counted)
    throw new HoldfastError('DATABASE_COPY_DIFFERS', { table: tableText(table), ...wrong });
}

async function copySlice(table: DataTable, slice: Slice, taking: Taking): Promise<TakenSlice> {
  const { source, write, done, tell } = taking;
  const text = tableText(table);
  return await source.reading(async (reader) => {
    // Rows weigh more or less on their way than in the table: a slice counts for what it weighs there.
    let left = slice.bytes;
    const moved = (bytes: number) => {
      const counted = Math.min(left, bytes);
      left -= counted;
      done.done('tables', { bytes: counted });
      tell(text);
    };
    let rows = 0;
    const copied = reader.copy(table, slice, (sent) => (rows = sent));
    const stream = await write(
      withHeartbeats(() => tell(text), copied),
      moved,
    );
    moved(left);
    return { stream, rows };
  });
}
