import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { parseSpec } from '#libs/contracts/spec.ts';
import { Secret } from '#libs/kernel/secret.ts';
import { withDatabase } from '#libs/postgres/address.ts';
import { connectDatabase } from '#libs/postgres/connect.ts';
import { databaseViews } from './database-view.ts';

const SUPERUSER = new Secret(process.env['HOLDFAST_TEST_DB_URL'] ?? '');
const SPEC = parseSpec('deployment: d\ndatabase: { url: { env: NEVER }, restoreUrl: { env: ADMIN } }');

/** A database of the test's own with these statements done, and the view on it. */
async function openView(statements: string) {
  const name = `view_${randomBytes(4).toString('hex')}`;
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await connectDatabase(SUPERUSER));
  await server.run(`CREATE DATABASE ${name}`);
  stack.defer(() => server.run(`DROP DATABASE ${name} WITH (FORCE)`));
  const session = stack.use(await connectDatabase(withDatabase(SUPERUSER, name)));
  await session.run('SET search_path = public');
  await session.run(statements);
  const views = databaseViews((ref) => {
    assert.deepEqual(ref, { env: 'ADMIN' });
    return SUPERUSER;
  });
  const view = stack.use(await views.open(SPEC, name, new AbortController().signal));
  const owned = stack.move();
  return { view, session, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

for (const algorithm of ['mixed-record', 'record', 'text'] as const) {
  test(`${algorithm}: the proof sees a changed value, two rows that swapped values, a doubled row; not the order`, async () => {
    await using made = await openView(
      "CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'x'), (2, 'y'), (3, NULL)",
    );
    const { view, session } = made;
    const prove = () =>
      view.prove({ schema: 'public', name: 't', columns: ['a', 'b'], algorithm, throughRoot: false });
    const after = async (statements: string) => {
      await session.run(`BEGIN; ${statements}; COMMIT`);
      return JSON.stringify(await prove());
    };
    const before = JSON.stringify(await prove());
    const refill = "TRUNCATE t; INSERT INTO t VALUES (3, NULL), (2, 'y'), (1, 'x')";
    assert.equal(await after(refill), before);
    assert.notEqual(await after("UPDATE t SET b = 'z' WHERE a = 1"), before);
    assert.notEqual(
      await after(`${refill}; UPDATE t SET b = CASE a WHEN 1 THEN 'y' ELSE 'x' END WHERE a < 3`),
      before,
    );
    // Of the older hash some of these have the same sum.
    for (let pair = 0; pair < 64 && algorithm !== 'record'; pair += 1) {
      const rows = (one: string, other: string) =>
        after(`TRUNCATE t; INSERT INTO t VALUES (${pair}, '${one}'), (-1, '${other}')`);
      assert.notEqual(await rows('x', 'y'), await rows('y', 'x'), `pair ${pair}`);
    }
    assert.notEqual(await after(`${refill}; UPDATE t SET b = '' WHERE a = 3`), before);
    assert.notEqual(
      await after(`${refill}; DELETE FROM t WHERE a = 3; INSERT INTO t VALUES (2, 'y')`),
      before,
    );
    assert.equal(await after(refill), before);
  });
}

test('rows without their parent are counted behind keys that look valid; keys that promise nothing are not asked', async () => {
  await using made = await openView(`CREATE TABLE p (a int, b int, PRIMARY KEY (a, b));
    CREATE TABLE c (a int, b int, CONSTRAINT good FOREIGN KEY (a, b) REFERENCES p);
    CREATE TABLE d (a int, b int); INSERT INTO d VALUES (5, 5);
    ALTER TABLE d ADD CONSTRAINT promised_nothing FOREIGN KEY (a, b) REFERENCES p NOT VALID;
    CREATE TABLE parts (id int, a int, b int) PARTITION BY RANGE (id);
    CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (1) TO (9);
    ALTER TABLE parts ADD CONSTRAINT of_parts FOREIGN KEY (a, b) REFERENCES p;
    INSERT INTO p VALUES (1, 1);
    SET session_replication_role = replica;
    INSERT INTO c VALUES (1, 1), (1, NULL), (2, 2), (3, 3); INSERT INTO parts VALUES (1, 1, 1), (2, 8, 8);
    SET session_replication_role = origin`);
  assert.deepEqual(await made.view.orphans(), [
    { constraint: 'public.c.good', rows: 2 },
    { constraint: 'public.parts.of_parts', rows: 1 },
  ]);
});

test('tables are the ones that hold rows; sequences tell never used from used', async () => {
  await using made =
    await openView(`CREATE TABLE a (id int GENERATED ALWAYS AS IDENTITY); CREATE TABLE b (id serial);
    INSERT INTO b DEFAULT VALUES; CREATE TABLE parts (id int) PARTITION BY RANGE (id); CREATE VIEW v AS SELECT * FROM a`);
  const { view } = made;
  assert.deepEqual(
    (await view.tables()).map(({ name }) => name),
    ['a', 'b'],
  );
  assert.deepEqual(await view.sequences(), [
    { schema: 'public', name: 'a_id_seq', lastValue: '1', isCalled: false },
    { schema: 'public', name: 'b_id_seq', lastValue: '1', isCalled: true },
  ]);
});

test('the digests of definitions see any object that is other than it was, and of which kind it is', async () => {
  await using made = await openView(`
    CREATE TABLE t (a int PRIMARY KEY, b text); CREATE INDEX of_b ON t (b); CREATE VIEW v AS SELECT a FROM t;
    CREATE SEQUENCE s; CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); CREATE TYPE mood AS ENUM ('ok', 'bad');
    CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING; CREATE POLICY p ON t USING (a > 1)`);
  const changes = {
    schemas: 'CREATE SCHEMA more',
    relations: 'ALTER TABLE t ENABLE ROW LEVEL SECURITY',
    columns: 'ALTER TABLE t ALTER b SET DEFAULT 1',
    constraints: 'ALTER TABLE t ADD CHECK (a > 0)',
    indexes: 'DROP INDEX of_b; CREATE INDEX of_b ON t (b DESC)',
    views: 'CREATE OR REPLACE VIEW v AS SELECT a FROM t WHERE a > 0',
    sequences: 'ALTER SEQUENCE s INCREMENT 2',
    functions: "CREATE OR REPLACE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
    triggers: 'ALTER TABLE t DISABLE TRIGGER g',
    rules: 'ALTER TABLE t DISABLE RULE r',
    policies: 'ALTER POLICY p ON t USING (a > 2)',
    types: "ALTER TYPE mood RENAME VALUE 'bad' TO 'worse'",
  };
  let before = await made.view.schema();
  assert.deepEqual(Object.keys(before).toSorted(), Object.keys(changes).toSorted());
  for (const [kind, statements] of Object.entries(changes)) {
    await made.session.run(statements);
    const now = await made.view.schema();
    assert.deepEqual(
      Object.keys(now).filter((each) => now[each] !== before[each]),
      [kind],
    );
    before = now;
  }
});
