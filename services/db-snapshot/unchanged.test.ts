import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import type { TakeSnapshotOutcome } from '#libs/contracts/requests.ts';
import { withDatabase } from '#libs/postgres/address.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { quoteName } from '#libs/postgres/quote.ts';
import { wholeOf, wholeOfStaged } from './fixtures/compared.ts';
import { openWorld, sql, SUPERUSER, type World } from './fixtures/world.ts';

/** `sheets` has a row a block and lies in three slices, each of the others in one. Room of dead rows stays as it is. */
const TABLES = `
  CREATE TABLE sheets (n int, body text NOT NULL) WITH (autovacuum_enabled = off);
  ALTER TABLE sheets ALTER body SET STORAGE PLAIN;
  INSERT INTO sheets SELECT n, repeat(md5(n::text), 240) FROM generate_series(1, 8300) n;
  DELETE FROM sheets WHERE n % 400 > 0;
  CREATE TYPE state AS ENUM ('draft', 'signed');
  CREATE TABLE papers (id int, state state, title varchar(20), tag text);
  INSERT INTO papers VALUES (1, 'draft', 'one', 'a'), (2, 'signed', 'two', 'b');
  CREATE TABLE notes (LIKE papers);
  INSERT INTO notes VALUES (1, 'signed', 'three', 'c');
  CREATE TABLE values (at int, n numeric, f float8, i interval, j jsonb, c bpchar);
  INSERT INTO values VALUES (1, 1.0, 0, '24 hours', '{"a": 1.0}', 'x ');
  CREATE TABLE nothing (id int)`;
/** Of them, where there are rows. */
const SLICES = 6;

test('what did not change is not read again, and every backup comes back whole', async (context) => {
  await using world = await openWorld();
  await world.sql(TABLES);
  const first = await world.take();
  assert.equal((await takenAfter(context, world, first)).kept, SLICES);
  await world.sql(
    'UPDATE sheets SET n = -400 WHERE n = 400; INSERT INTO papers VALUES (3, NULL, NULL, NULL)',
  );
  // The new version of the row lies behind all others: the first slice and the last one changed, and papers.
  const { kept, taken } = await takenAfter(context, world, first);
  assert.equal(kept, SLICES - 3);
  assert.equal(taken.sourceBytes > first.sourceBytes, true);
  await requireWhole(world, taken);
});

test('a value in place of one that the server calls equal is a change', async (context) => {
  await using world = await openWorld();
  await world.sql(TABLES);
  const EQUALS = [`n = 1.00`, `f = '-0'`, `i = '1 day'`, `j = '{"a": 1.00}'`, `c = 'x'`];
  for (const equal of EQUALS) {
    const before = await world.take();
    await world.sql(`UPDATE values SET ${equal} WHERE ${equal}`);
    await world.sql('VACUUM values');
    const { kept, taken } = await takenAfter(context, world, before);
    assert.equal(kept, SLICES - 1, equal);
    await requireWhole(world, taken);
  }
});

const CHANGES = [
  'ALTER TABLE values ADD COLUMN worth numeric NOT NULL DEFAULT 1.0',
  'ALTER TABLE values DROP COLUMN worth, ADD COLUMN worth numeric NOT NULL DEFAULT 1.00',
  `ALTER TYPE state RENAME VALUE 'draft' TO 'begun'`,
  `ALTER TABLE papers ADD COLUMN more text NOT NULL DEFAULT 'given to all'`,
  'ALTER TABLE papers DROP COLUMN more, ADD COLUMN more int NOT NULL DEFAULT 7',
  'ALTER TABLE papers RENAME COLUMN tag TO label; ALTER TABLE papers RENAME COLUMN title TO tag',
  'ALTER TABLE papers ALTER tag TYPE text',
  'ALTER TABLE papers RENAME TO other; ALTER TABLE notes RENAME TO papers; ALTER TABLE other RENAME TO notes',
  'CREATE TABLE again AS TABLE papers; TRUNCATE papers; INSERT INTO papers TABLE again',
  `UPDATE sheets SET n = n + 1; DELETE FROM sheets WHERE n % 2 > 0`,
  'VACUUM FULL sheets',
  'DROP TABLE values; CREATE TABLE values (at int)',
  'TRUNCATE sheets, papers, notes',
];

test('whatever was done to a table since, the next backup has what is there', async (context) => {
  await using world = await openWorld();
  await world.sql(TABLES);
  let before = await world.take();
  for (const change of CHANGES) {
    await world.sql(change);
    const { taken } = await takenAfter(context, world, before);
    await requireWhole(world, taken);
    before = taken;
  }
});

test('what is gone from the store is read again', async (context) => {
  await using world = await openWorld();
  await world.sql(TABLES);
  const first = await world.take();
  await world.sql('INSERT INTO nothing VALUES (1)');
  const { taken: second } = await takenAfter(context, world, first);
  for (const pack of first.packs) await world.store.delete(`packs/${pack.slice(0, 2)}/${pack}`);
  const { kept, taken: third } = await takenAfter(context, world, second);
  assert.equal(kept, 1);
  await requireWhole(world, third);
  await world.store.delete(`snapshots/${third.snapshot.deployment}/database/${third.snapshot.id}`);
  const { kept: ofNone, taken } = await takenAfter(context, world, third);
  assert.equal(ofNone, 0);
  await requireWhole(world, taken);
});

test('of a database of another name, or another one of this name, nothing is taken over', async (context) => {
  await using world = await openWorld();
  await world.sql(TABLES);
  const first = await world.take();
  const [live, copy] = [quoteName(world.live), quoteName(`${world.live}_copy`)];
  await sql('postgres', `CREATE DATABASE ${copy} TEMPLATE ${live}`);
  world.secrets.set('DB_URL', withDatabase(SUPERUSER, `${world.live}_copy`));
  assert.equal((await takenAfter(context, world, first)).kept, 0);
  await sql('postgres', `DROP DATABASE ${live}`);
  await sql('postgres', `ALTER DATABASE ${copy} RENAME TO ${live}`);
  world.secrets.set('DB_URL', withDatabase(SUPERUSER, world.live));
  assert.equal((await takenAfter(context, world, first)).kept, 0);
});

test('where the role may not ask which history the server is on, nothing is taken over', async (context) => {
  await using world = await openWorld();
  await world.sql(TABLES);
  await world.readAs('reader', 'IN ROLE pg_read_all_data');
  const first = await world.take();
  assert.equal((await takenAfter(context, world, first)).kept, SLICES);
  await world.sql('REVOKE EXECUTE ON FUNCTION pg_control_checkpoint() FROM PUBLIC');
  assert.equal((await takenAfter(context, world, first)).kept, 0);
});

test('a copy that has not the rows that were counted is no backup', async (context) => {
  await using world = await openWorld();
  await world.sql(TABLES);
  const { source } = world.service.ports;
  const freeze = source.freeze.bind(source);
  context.mock.method(source, 'freeze', async (...given: Parameters<typeof freeze>) => {
    const frozen = await freeze(...given);
    const reading = frozen.reading.bind(frozen);
    context.mock.method(frozen, 'reading', async (work: Parameters<typeof reading>[0]) =>
      reading((reader) =>
        work({
          ...reader,
          copy: (table, slice, onEnd) =>
            reader.copy(table, table.name === 'papers' ? { ...slice, where: 'id = 1' } : slice, onEnd),
        }),
      ),
    );
    return frozen;
  });
  await assert.rejects(world.take(), (thrown) => {
    const { code, details } = HoldfastError.from(thrown);
    assert.equal(code, 'DATABASE_COPY_DIFFERS');
    assert.deepEqual(details, { table: 'public.papers', slice: 0, copied: 1, counted: 2 });
    return true;
  });
});

/** How many streams the backup before gave to the next one. */
async function takenAfter(context: TestContext, world: World, previous: TakeSnapshotOutcome) {
  const { repository } = world.service.ports;
  let kept = 0;
  const writer = repository.writer.bind(repository);
  const watched = context.mock.method(repository, 'writer', () => {
    const made = writer();
    const keep = made.keepStream.bind(made);
    context.mock.method(made, 'keepStream', async (...given: Parameters<typeof keep>) => {
      const is = await keep(...given);
      if (is) kept += 1;
      return is;
    });
    return made;
  });
  const taken = await world.take(previous);
  watched.mock.restore();
  return { kept, taken };
}

async function requireWhole(world: World, taken: TakeSnapshotOutcome): Promise<void> {
  world.runId = randomBytes(16).toString('hex');
  const staged = await world.stage(taken);
  assert.deepEqual(await wholeOfStaged(staged), await wholeOf(world.live));
  await world.sql(`DROP DATABASE "${staged.side}"`);
}
