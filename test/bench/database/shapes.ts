import { createCipheriv, createHash } from 'node:crypto';
import type { Secret } from '#libs/kernel/secret.ts';
import { withDatabase } from '#libs/postgres/address.ts';
import { connectDatabase, type Database } from '#libs/postgres/connect.ts';
import { generateDatabase } from './generate.ts';
import { EDMS, LOPSIDED, type Table } from './tables.ts';

/** What makes a database large, at its whole size. */
const WHOLE = { mib: 1536, rowMib: 900, tables: 20_000, objects: 100_000 };
/** Objects that one transaction makes: each takes locks until its end. */
const BATCH = 500;
const MIB = 1024 * 1024;

export interface Making {
  /** Of the server. */
  readonly url: Secret;
  readonly name: string;
  /** Of the whole size. */
  readonly percent: number;
  readonly seed: number;
}

export const SHAPES: Readonly<Record<string, (making: Making) => Promise<void>>> = {
  ordinary: (making) => makeEdms(making, EDMS),
  'one-table': (making) => makeEdms(making, LOPSIDED),
  'long-row': makeLongRow,
  'many-tables': makeManyTables,
  'large-objects': makeLargeObjects,
};

async function makeEdms({ url, name, percent, seed }: Making, tables: readonly Table[]): Promise<void> {
  await generateDatabase({ url, tables, mib: sized(WHOLE.mib, percent), seed }, name);
}

/** A value that does not compress, beside short ones. */
async function makeLongRow(making: Making): Promise<void> {
  await using database = await createIn(making);
  await database.run(`CREATE TABLE scans (id int PRIMARY KEY, body bytea);
    ALTER TABLE scans ALTER body SET STORAGE EXTERNAL;
    INSERT INTO scans SELECT g, sha256(g::text::bytea) FROM generate_series(2, 1000) g`);
  const bytes = sized(WHOLE.rowMib, making.percent) * MIB;
  await database.copyIn('COPY scans FROM STDIN (FORMAT binary)', longRow(bytes, making.seed));
}

/** PostgreSQL manual, COPY, binary format: signature, flags, extension; a row of two fields; the end. */
async function* longRow(bytes: number, seed: number): AsyncIterable<Buffer> {
  const head = Buffer.alloc(33);
  head.write('PGCOPY\n\xff\r\n\0', 'latin1');
  head.writeInt16BE(2, 19);
  head.writeInt32BE(4, 21);
  head.writeInt32BE(1, 25);
  head.writeInt32BE(bytes, 29);
  yield head;
  const key = createHash('sha256').update(String(seed)).digest();
  const random = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  for (let left = bytes; left > 0; left -= MIB) yield random.update(Buffer.alloc(Math.min(left, MIB)));
  yield Buffer.from([0xff, 0xff]);
}

/** Each with a key and three rows. */
async function makeManyTables(making: Making): Promise<void> {
  await using database = await createIn(making);
  await inBatches(
    database,
    sized(WHOLE.tables, making.percent),
    `EXECUTE format('CREATE TABLE table_%s (id int PRIMARY KEY, at timestamptz, note text)', n);
     EXECUTE format('INSERT INTO table_%s SELECT g, now(), md5((%s + g)::text) FROM generate_series(1, 3) g', n, n);`,
  );
}

/** Of one owner, as Django has them; every tenth may be read by another role. */
async function makeLargeObjects(making: Making): Promise<void> {
  await using database = await createIn(making);
  await database.run(`CREATE ROLE bench_owner; CREATE ROLE bench_reader;
    CREATE TABLE scans (id int PRIMARY KEY, body oid); GRANT INSERT ON scans TO bench_owner;
    GRANT USAGE ON SCHEMA public TO bench_owner; SET ROLE bench_owner`);
  await inBatches(
    database,
    sized(WHOLE.objects, making.percent),
    `object := lo_from_bytea(0, decode(repeat(md5(n::text), 1 + n % 64), 'hex'));
     INSERT INTO scans VALUES (n, object);
     IF n % 10 = 0 THEN EXECUTE format('GRANT SELECT ON LARGE OBJECT %s TO bench_reader', object); END IF;`,
  );
}

async function createIn({ url, name }: Making): Promise<Database> {
  {
    await using server = await connectDatabase(url);
    await server.run(`CREATE DATABASE ${name} TEMPLATE template0`);
  }
  const database = await connectDatabase(withDatabase(url, name));
  await database.run('SET search_path = public');
  return database;
}

/** `statements` see a number `n` of 1 to `count`, and may use `object`. */
async function inBatches(database: Database, count: number, statements: string): Promise<void> {
  for (let first = 1; first <= count; first += BATCH) {
    const last = Math.min(first + BATCH - 1, count);
    await database.run(
      `DO $$ DECLARE object oid; BEGIN FOR n IN ${first}..${last} LOOP ${statements} END LOOP; END $$`,
    );
  }
}

function sized(whole: number, percent: number): number {
  return Math.max(1, Math.round((whole * percent) / 100));
}
