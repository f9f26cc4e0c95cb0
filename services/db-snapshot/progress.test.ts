import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '#libs/kernel/json.ts';
import { openWorld, type World } from './fixtures/world.ts';

/** Six of about a megabyte, one that is packed tighter on its way than in its blocks, an empty one, and one left out. */
const TABLES = `
  DO $$ BEGIN FOR n IN 1..6 LOOP
    EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY, body text)', n);
    EXECUTE format('INSERT INTO t%s SELECT g, repeat(md5(g::text), 8) FROM generate_series(1, 4000) g', n);
  END LOOP; END $$;
  CREATE TABLE deleted (id int); INSERT INTO deleted SELECT generate_series(1, 40000); DELETE FROM deleted WHERE id % 2 = 0;
  CREATE TABLE empty (id int);
  CREATE TABLE cache (id int, body text); INSERT INTO cache SELECT g, md5(g::text) FROM generate_series(1, 9000) g`;

const ROWS = 6 * 4_000 + 20_000;
const CACHE_ROWS = 9_000;

/** Every report of the work that had a total. */
async function reportsOf(world: World, work: () => Promise<unknown>) {
  const reports: { readonly bytes: number; readonly total: number; readonly rows: number }[] = [];
  world.onProgress = ({ bytes, bytesTotal, rows }) =>
    reports.push({ bytes, total: bytesTotal!, rows: rows! });
  await work();
  return reports;
}

function assertToTheEnd(reports: Awaited<ReturnType<typeof reportsOf>>, rows: number): void {
  const total = reports[0]!.total;
  assert.ok(total > 5_000_000, `${total} bytes in all`);
  assert.ok(reports.length > 20, `${reports.length} reports`);
  assert.ok(reports.every((report) => report.total === total));
  for (const [what, end] of [
    ['bytes', total],
    ['rows', rows],
  ] as const) {
    const told = reports.map((report) => report[what]);
    assert.deepEqual(
      told,
      told.toSorted((a, b) => a - b),
    );
    assert.equal(told.at(-1), end, what);
  }
}

test('bytes and rows told of a backup and of a restore never go back, and end at a total that never changes', async () => {
  await using world = await openWorld();
  await world.sql(TABLES);
  world.spec.database.exclude.push({ table: 'cache', reason: 'made again' });
  let taken!: Awaited<ReturnType<World['take']>>;
  assertToTheEnd(await reportsOf(world, async () => (taken = await world.take())), ROWS);
  assertToTheEnd(await reportsOf(world, () => world.stage(taken)), ROWS);
});

test('bytes and rows told of a restore that goes on where another worker stopped end at the same total', async () => {
  await using world = await openWorld();
  await world.sql(TABLES);
  const taken = await world.take();
  const stop = new AbortController();
  world.onProgress = ({ bytes, bytesTotal }) => {
    if (bytes > bytesTotal! / 2) stop.abort();
  };
  await assert.rejects(world.run('StageRestore', { snapshot: taken.snapshot } as Json, 1, stop.signal));
  assertToTheEnd(await reportsOf(world, () => world.stage(taken, 2)), ROWS + CACHE_ROWS);
});
