import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { Secret } from '#libs/kernel/secret.ts';
import { withDatabase } from '#libs/postgres/address.ts';
import { connectDatabase } from '#libs/postgres/connect.ts';
import { benchDatabase } from './bench.ts';
import { generateDatabase } from './generate.ts';
import { readRows, requireSame } from './same-rows.ts';
import { benchDatabaseSizes } from './sizes.ts';
import { createDatabase, dropDatabase } from './server.ts';
import { tableOf } from './tables.ts';

const SERVER = process.env['HOLDFAST_TEST_DB_URL'] ?? '';
const TABLES = [
  'shelves 5 uuid:u! name:key! made:z',
  'sheets 40 uuid:u! title:w2 data:j1? signed:b digest:h shelf>shelves before>sheets?',
].map(tableOf);

const urlOf = (name: string) => withDatabase(new Secret(SERVER), name).reveal();

async function generated(context: TestContext, seed: number): Promise<string> {
  const name = `bench_${randomBytes(4).toString('hex')}`;
  await generateDatabase({ url: new Secret(SERVER), tables: TABLES, mib: 500, seed }, name);
  context.after(() => dropDatabase(SERVER, name));
  return name;
}

test('the database bench has every figure, of restores that hold the rows of the source', async (context) => {
  const onNote = (note: string) => context.diagnostic(note);
  // Throws when one of the contenders restored anything else.
  const { cases, about } = await benchDatabase({ mib: 4, documents: 60, runs: 1, seed: 7, onNote });
  assert.equal(cases.length, 12);
  for (const { name, ours, peer, ratio, reason, cpuMs, residentMiB } of cases) {
    assert.ok(ours > 0, name);
    if (residentMiB !== undefined) assert.ok(residentMiB.ours > 0 && cpuMs!.ours.client > 0, name);
    if (name.startsWith('restore')) assert.ok(cpuMs!.ours.server > 0 && cpuMs!.peer!.server > 0, name);
    const isAlone = reason !== undefined || name.startsWith('new bytes') || name.startsWith('resident');
    assert.equal(peer === null && ratio === null, isAlone, name);
  }
  const { data, lopsided, phases } = about as Record<string, Record<string, number>>;
  assert.ok(data!['gzip1Ratio']! > 0.3 && data!['gzip1Ratio']! < 0.6, `gzip -1: ${data!['gzip1Ratio']}`);
  assert.ok(data!['indexes']! > 200 && data!['foreignKeys']! > 100 && data!['tables']! > 60);
  assert.ok(lopsided!['largestTablePercent']! > data!['largestTablePercent']!);
  assert.deepEqual(Object.keys(phases!), ['take', 'again', 'restore']);
});

test('the bench of sizes takes, restores and proves each shape, and says what its processes had resident', async (context) => {
  const onNote = (note: string) => context.diagnostic(note);
  const { cases, about } = await benchDatabaseSizes({ parts: [], percent: 0.2, seed: 7, onNote });
  assert.equal(cases.length, 10);
  for (const { name, ours, unit, target } of cases) {
    assert.ok(ours > 50, name);
    assert.deepEqual([unit, target], ['MiB', 256]);
  }
  const shapes = (about as { shapes: { shape: string; tables: number; rows: number; bytes: number }[] })
    .shapes;
  const found = new Map(shapes.map(({ shape, ...of }) => [shape, of]));
  assert.deepEqual(found.get('many-tables')?.tables, 40);
  assert.deepEqual(found.get('many-tables')?.rows, 120);
  assert.ok(found.get('long-row')!.bytes > 2 * 1024 * 1024);
  // A row of the table that names it, and one of its content.
  assert.deepEqual(found.get('large-objects')?.rows, 400);
  await assert.rejects(
    benchDatabaseSizes({ parts: ['round'], percent: 1, seed: 7, onNote }),
    /no part round/,
  );
});

test('a seed makes the same rows again, and another one others', async (context) => {
  const [one, same, other] = [
    await generated(context, 3),
    await generated(context, 3),
    await generated(context, 4),
  ];
  const rows = await readRows(urlOf(one));
  assert.deepEqual([...rows.keys()].toSorted(), ['sheets', 'shelves']);
  assert.match(rows.get('sheets')!, /^40 rows, /);
  requireSame('the second', rows, await readRows(urlOf(same)));
  assert.throws(() => requireSame('another', rows, new Map()), /shelves/);
  const others = await readRows(urlOf(other));
  assert.throws(() => requireSame('another', rows, others), /other rows: (sheets, shelves|shelves, sheets)$/);
});

test('one changed value in one row of a restored database is told by its table', async (context) => {
  const name = await generated(context, 5);
  const copy = `${name}_copy`;
  await createDatabase(SERVER, copy, name);
  context.after(() => dropDatabase(SERVER, copy));
  const source = await readRows(urlOf(name));
  requireSame('the copy', source, await readRows(urlOf(copy)));
  {
    await using database = await connectDatabase(new Secret(urlOf(copy)));
    await database.run('UPDATE public.sheets SET signed = NOT signed WHERE id = 17');
  }
  const changed = await readRows(urlOf(copy));
  assert.throws(
    () => requireSame('the copy', source, changed),
    /^Error: the copy restored other rows: sheets$/,
  );
});
