import { Readable } from 'node:stream';
import { sha256 } from '#libs/kernel/ids.ts';
import { readNdjson, writeNdjson } from '#libs/repository/ndjson.ts';
import type { ChunkWriter, Snapshot, StreamRef } from '#libs/repository/port.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { seededOrder } from '../pivot/seeded.ts';
import { withOtherStructure } from './edits.ts';
import type { KeptDatabase } from './kept-database.ts';
import { joinRows, splitRows, type Rows } from './rows.ts';
import type { Services } from './services.ts';

type Random = ReturnType<typeof seededOrder>;
type TableOf = Readonly<Record<string, unknown>>;

/** A snapshot taken apart: what of it can be changed, and sealed and signed again. */
interface Parts {
  readonly random: Random;
  readonly writer: ChunkWriter;
  readonly read: (ref: StreamRef) => Promise<Buffer>;
  readonly readChunk: (id: string) => Promise<Buffer>;
  readonly streams: Record<string, StreamRef>;
  /** Records of the list whose records have streams of their own. */
  readonly tables: TableOf[];
  /** The same of the backup before, whose snapshot says nothing that is not so. */
  readonly older: {
    readonly streams: Readonly<Record<string, StreamRef>>;
    readonly tables: readonly TableOf[];
  };
}

type Change = (parts: Parts) => Promise<void>;

/** Told by the digest that the manifest has of the snapshot, and by nothing else. */
const MANIFEST_STAYS = 'all of the older backup, manifest as it was';

/**
 * What somebody does who has the key, and does not make everything agree: only what the source said of itself, in a query
 * of its own, tells. Who changes rows, their number and their hash together cannot be found by anybody.
 */
export const WITH_KEY: Readonly<Record<string, Change>> = {
  'rows cut off': (parts) =>
    changeRows(parts, ({ rows, ...ends }) => ({
      ...ends,
      rows: rows.slice(0, Math.floor(parts.random.fraction() * rows.length)),
      // As a stream ends that was cut at a row's end.
      tail: Buffer.alloc(0),
    })),
  'row removed': (parts) =>
    changeRows(parts, ({ rows, ...ends }) => {
      const lost = parts.random.pick([...rows.keys()]);
      return { ...ends, rows: rows.filter((_, at) => at !== lost) };
    }),
  'row added': (parts) =>
    changeRows(parts, ({ rows, ...ends }) => ({ ...ends, rows: [...rows, parts.random.pick(rows)] })),
  'row overwritten by another': (parts) =>
    changeRows(parts, ({ rows, ...ends }) => {
      const [from, to] = [parts.random.pick(rows), parts.random.pick([...rows.keys()])];
      return { ...ends, rows: rows.map((row, at) => (at === to ? from : row)) };
    }),
  'slice left out': (parts) => changeSlices(parts, ([, ...others]) => others),
  'slice doubled': (parts) => changeSlices(parts, ([first, ...others]) => [first!, first!, ...others]),
  'chunk left out': (parts) => changeChunks(parts, ([, ...others]) => others),
  'chunk doubled': (parts) => changeChunks(parts, ([first, ...others]) => [first!, first!, ...others]),
  'chunks in another order': (parts) => changeChunks(parts, ([first, ...others]) => [...others, first!]),
  'chunk left out, sums as they were': (parts) => changeChunks(parts, ([, ...others]) => others, 'as it was'),
  'rows of two tables exchanged': async ({ random, tables }) => {
    const [one, other] = random.shuffle(withRows(tables));
    const [refsOfOne, refsOfOther] = [dataOf(one!), dataOf(other!)];
    replace(tables, one!, withData(one!, refsOfOther));
    replace(tables, other!, withData(other!, refsOfOne));
  },
  'rows of the older backup': async ({ random, tables, older }) => {
    const said = (table: TableOf) => JSON.stringify(dataOf(table));
    const changed = withRows(tables).filter((table) => said(sameOf(older.tables, table)) !== said(table));
    const table = random.pick(changed);
    replace(tables, table, withData(table, dataOf(sameOf(older.tables, table))));
  },
  [MANIFEST_STAYS]: async ({ streams, tables, older }) => {
    Object.assign(streams, older.streams);
    tables.splice(0, tables.length, ...older.tables);
  },
  'number of rows altered': async ({ random, tables }) => {
    const table = random.pick(tables);
    replace(tables, table, { ...table, rows: Number(table['rows']) + 1 });
  },
  'hash of rows altered': async ({ random, tables }) => {
    const table = random.pick(withRows(tables));
    const { value, ...hash } = table['contentHash'] as { value: string };
    replace(tables, table, { ...table, contentHash: { ...hash, value: String(BigInt(value) + 1n) } });
  },
  'table left out': async ({ random, tables }) => {
    tables.splice(tables.indexOf(random.pick(tables)), 1);
  },
  'table twice': async ({ random, tables }) => {
    tables.push(random.pick(withRows(tables)));
  },
  'structure altered': async ({ random, streams, read, writer }) => {
    for (const [name, stream] of Object.entries(streams)) {
      const archive = await read(stream);
      const changed = archive.subarray(0, 5).toString() === 'PGDMP' && withOtherStructure(archive, random);
      if (!changed) continue;
      streams[name] = await writer.writeStream([changed]);
      return;
    }
    throw new Error('no structure');
  },
  'sequence left out': (parts) => changeSequences(parts, (records) => records.slice(1)),
};

/**
 * The same, and nobody tells: of where a sequence is the source says one thing only. Played once, so that it is known
 * when that changes.
 */
export const UNSEEN: Readonly<Record<string, Change>> = {
  'sequence altered': (parts) =>
    changeSequences(parts, ([first, ...others]) => [{ ...first, lastValue: '3' }, ...others]),
};

/** Writes the changed snapshot, and but for one kind a manifest of it, in place of the newest ones. */
export async function changeWithKey(
  kind: string,
  { spec, backups }: KeptDatabase,
  { services, store, random }: { services: Services; store: ObjectStore; random: Random },
): Promise<void> {
  const { repository } = services;
  const { ref, backupId } = backups.at(-1)!;
  const read = async (stream: StreamRef) => Buffer.concat(await Array.fromAsync(repository.read(stream)));
  const readChunk = async (id: string) => {
    // One piece is one chunk; what is asked for is no whole stream, which is told only after it.
    for await (const piece of repository.read({ bytes: 0, sha256: '', chunks: [id] })) return piece;
    throw new Error(`no chunk ${id}`);
  };
  const listOf = async ({ streams }: Snapshot) => {
    for (const [name, stream] of Object.entries(streams)) {
      const isList = (await read(stream)).subarray(0, 1).equals(Buffer.from('{'));
      const records = isList ? await Array.fromAsync(readNdjson<TableOf>(repository.read(stream))) : [];
      if (records.some((record) => dataOf(record).length > 0)) return { name, records };
    }
    throw new Error('no list of tables');
  };
  const snapshot = await repository.readSnapshot(ref);
  const { name, records } = await listOf(snapshot);
  await using writer = repository.writer();
  const streams = { ...snapshot.streams };
  const before = await repository.readSnapshot(backups.at(-2)!.ref);
  const older = { streams: before.streams, tables: (await listOf(before)).records };
  await (WITH_KEY[kind] ?? UNSEEN[kind])!({
    random,
    writer,
    read,
    readChunk,
    streams,
    tables: records,
    older,
  });
  streams[name] = await writer.writeStream(writeNdjson(records));
  const { packs } = await writer.flush();
  await store.delete(`snapshots/${ref.deployment}/${ref.component}/${ref.id}`);
  const { digest } = await repository.putSnapshot({ ...snapshot, streams, packs });
  if (kind === MANIFEST_STAYS) return;
  await store.delete(`backups/${spec.deployment}/${backupId}.json`);
  await services.commit(backupId, { snapshot: { ...ref, digest } });
}

async function changeRows(parts: Parts, change: (rows: Rows) => Rows): Promise<void> {
  const { random, tables, read, writer } = parts;
  const table = random.pick(withRows(tables));
  const refs = dataOf(table);
  const ref = random.pick(refs.filter(({ bytes }) => bytes > 0));
  const was = await read(ref);
  const is = joinRows(change(splitRows(was)));
  if (is.equals(was)) return await changeRows(parts, change);
  const written = await writer.writeStream([is]);
  replace(
    tables,
    table,
    withData(
      table,
      refs.map((each) => (each === ref ? written : each)),
    ),
  );
}

async function changeSlices(
  { random, tables }: Parts,
  change: (slices: readonly StreamRef[]) => readonly StreamRef[],
): Promise<void> {
  const table = random.pick(tables.filter((each) => dataOf(each).length > 1));
  replace(tables, table, withData(table, change(dataOf(table))));
}

/** Of a stream that has several; length and digest are those of what is left, unless they are as they were. */
async function changeChunks(
  { random, tables, readChunk }: Parts,
  change: (chunks: readonly string[]) => readonly string[],
  sums: 'right' | 'as it was' = 'right',
): Promise<void> {
  const several = tables.flatMap((table) =>
    dataOf(table)
      .filter(({ chunks }) => chunks.length > 1)
      .map((ref) => ({ table, ref })),
  );
  const { table, ref } = random.pick(several);
  const chunks = change(ref.chunks);
  const bytes = Buffer.concat(await Promise.all(chunks.map(readChunk)));
  const right = { bytes: bytes.length, sha256: sha256(bytes) };
  const changed: StreamRef = { ...ref, ...(sums === 'right' ? right : {}), chunks };
  replace(
    tables,
    table,
    withData(
      table,
      dataOf(table).map((each) => (each === ref ? changed : each)),
    ),
  );
}

const isRef = (value: unknown): value is StreamRef =>
  typeof value === 'object' && value !== null && 'sha256' in value && 'chunks' in value;

/** Where a record has its streams: one, or a list of them. */
function keyOf(table: TableOf): string | undefined {
  return Object.keys(table).find((key) => [table[key]].flat().some(isRef));
}

function dataOf(table: TableOf): readonly StreamRef[] {
  const key = keyOf(table);
  return key === undefined ? [] : ([table[key]].flat() as StreamRef[]);
}

function withData(table: TableOf, refs: readonly StreamRef[]): TableOf {
  const key = keyOf(table)!;
  return { ...table, [key]: Array.isArray(table[key]) ? refs : refs[0] };
}

function withRows(tables: readonly TableOf[]): readonly TableOf[] {
  return tables.filter(({ rows }) => Number(rows) > 0);
}

function replace(tables: TableOf[], table: TableOf, by: TableOf): void {
  tables[tables.indexOf(table)] = by;
}

function sameOf(tables: readonly TableOf[], { schema, name }: TableOf): TableOf {
  return tables.find((each) => each['schema'] === schema && each['name'] === name)!;
}

async function changeSequences(
  { streams, read, writer }: Parts,
  change: (records: readonly TableOf[]) => readonly TableOf[],
): Promise<void> {
  for (const [name, stream] of Object.entries(streams)) {
    const bytes = await read(stream);
    if (!bytes.includes('"lastValue"')) continue;
    const records = await Array.fromAsync(readNdjson<TableOf>(Readable.from([bytes])));
    streams[name] = await writer.writeStream(writeNdjson(change(records)));
  }
}
