import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { TableChoice } from '#libs/contracts/relocation.ts';
import type { TakeSnapshotOutcome } from '#libs/contracts/requests.ts';
import type { HoldfastError } from '#libs/kernel/errors.ts';
import type { Json } from '#libs/kernel/json.ts';
import { qualified, quoteName, quoteText } from '#libs/postgres/quote.ts';
import { wholeOf } from './fixtures/compared.ts';
import { openWorld, rows, sql, type World } from './fixtures/world.ts';

const SHOP = `
  CREATE TYPE mood AS ENUM ('calm', 'cross');
  CREATE FUNCTION one() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;
  CREATE TABLE customer (id serial PRIMARY KEY, mood mood, number int DEFAULT one());
  CREATE TABLE invoice (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer int NOT NULL REFERENCES customer,
    replaces bigint REFERENCES invoice, total numeric CHECK (total >= 0));
  CREATE TABLE line (invoice bigint REFERENCES invoice ON DELETE CASCADE, note text, UNIQUE (invoice, note));
  CREATE INDEX line_note ON line (note); CREATE STATISTICS line_shape ON invoice, note FROM line;
  CREATE TABLE audit (id bigint PRIMARY KEY, invoice bigint);
  INSERT INTO customer (mood) SELECT 'calm' FROM generate_series(1, 20);
  INSERT INTO invoice (customer, total) SELECT 1 + n % 20, n FROM generate_series(1, 500) n;
  INSERT INTO line SELECT 1 + n % 500, 'note ' || n FROM generate_series(1, 3000) n;
  INSERT INTO audit SELECT n, n FROM generate_series(1, 100) n;
  CREATE VIEW rich AS SELECT * FROM invoice WHERE total > 100;
  CREATE MATERIALIZED VIEW richest AS SELECT max(total) FROM rich;
  CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO audit VALUES (-1, -1); RETURN new; END $$;
  CREATE TRIGGER noting AFTER UPDATE ON line FOR EACH ROW EXECUTE FUNCTION noted();
  ALTER TABLE line ENABLE ROW LEVEL SECURITY; CREATE POLICY most ON line USING (note <> 'note 1');
  GRANT SELECT ON line TO PUBLIC; COMMENT ON TABLE line IS 'of an invoice'`;

function relocationTo(name: string, tables: Partial<TableChoice>): string {
  return JSON.stringify({ database: { name, tables } });
}

/** Tables of a snapshot in a database of their own, as a run does it. */
async function takeOut(world: World, taken: TakeSnapshotOutcome, tables: Partial<TableChoice>) {
  const into = `scratch_${world.tag}`;
  world.relocationJson = relocationTo(into, tables);
  const looked = await world.preflight('PURPOSE_RESTORE', taken);
  assert.deepEqual(looked.problems, []);
  const staged = (await world.run('StageRestore', { snapshot: taken.snapshot } as Json)) as unknown as Staged;
  assert.deepEqual((JSON.parse(looked.factsJson) as { tables: object }).tables, staged.tables);
  assert.ok(!(await world.databases()).includes(into), 'it has its name only when it is whole');
  await world.run('PivotRestore', { staged } as unknown as Json);
  return { into, tables: staged.tables };
}

interface Staged {
  readonly side: string;
  readonly tables: {
    restored: { schema: string; name: string; rows: number }[];
    leftOut: string[];
    referenced: string[];
  };
}

const named = (...names: string[]) => ({ names: names.map((name) => ({ name })) });

test('tables come out with their rows, types, sequences, indexes and constraints, and what is left out is named', async () => {
  await using world = await openWorld();
  await world.sql(SHOP);
  const before = await wholeOf(world.live);
  const { into, tables } = await takeOut(world, await world.take(), named('line', 'customer'));

  const { content } = before;
  const taken = await wholeOf(into);
  const rowsOf = (...names: string[]) => Object.fromEntries(names.map((name) => [name, content[name]]));
  assert.deepEqual(taken.content, rowsOf('public.customer', 'public.line'));
  assert.deepEqual(
    tables.restored.map(({ name, rows: count }) => [name, count]),
    [
      ['customer', 20],
      ['line', 3000],
    ],
  );
  assert.deepEqual(tables.referenced, ['public.invoice']);
  assert.deepEqual(tables.leftOut.toSorted(), [
    'FK CONSTRAINT public line line_invoice_fkey',
    'POLICY public line most',
    'TRIGGER public line noting',
  ]);
  assert.deepEqual(
    taken.sequences,
    before.sequences.filter(({ name }) => name === 'public.customer_id_seq'),
  );
  for (const kept of [
    'line_note',
    'line_shape',
    'customer_pkey',
    'nextval',
    "'of an invoice'",
    'GRANT SELECT',
  ])
    assert.ok(taken.schema.includes(kept), kept);
  assert.match(taken.schema, /line ENABLE ROW LEVEL SECURITY/);
  assert.deepEqual(await wholeOf(world.live), before, 'the live database is as it was');
  assert.deepEqual(await world.databases(), [world.live, into].toSorted());
});

test('with what foreign keys lead to, all of these are there and hold', async () => {
  await using world = await openWorld();
  await world.sql(SHOP);
  const taken = await world.take();
  const { into, tables } = await takeOut(world, taken, { ...named('line'), withReferenced: true });
  assert.deepEqual(tables.restored.map(({ name }) => name).toSorted(), ['customer', 'invoice', 'line']);
  assert.deepEqual(tables.referenced, []);
  const keys = await rows<{ name: string }>(
    into,
    `SELECT conname AS name FROM pg_constraint WHERE contype = 'f' AND convalidated ORDER BY 1`,
  );
  assert.deepEqual(
    keys.map(({ name }) => name),
    ['invoice_customer_fkey', 'invoice_replaces_fkey', 'line_invoice_fkey'],
  );
  const relations = await rows<{ name: string }>(
    into,
    `SELECT relname AS name FROM pg_class WHERE relkind IN ('r', 'v', 'm') AND relnamespace = 'public'::regnamespace ORDER BY 1`,
  );
  assert.deepEqual(
    relations.map(({ name }) => name),
    ['customer', 'invoice', 'line'],
  );
});

test('a partitioned table comes with its partitions, a child with what it inherits from, a partition alone if asked for', async () => {
  await using world = await openWorld();
  await world.sql(`
    CREATE TABLE kind (id int PRIMARY KEY); INSERT INTO kind VALUES (1);
    CREATE TABLE event (id int, at date, kind int REFERENCES kind, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
    CREATE TABLE event_old PARTITION OF event FOR VALUES FROM (MINVALUE) TO ('2025-01-01');
    CREATE TABLE event_new PARTITION OF event DEFAULT;
    INSERT INTO event SELECT n, date '2024-12-01' + n, 1 FROM generate_series(1, 60) n;
    CREATE TABLE base (x int); CREATE TABLE child (y int) INHERITS (base);
    INSERT INTO base VALUES (1); INSERT INTO child VALUES (2, 3)`);
  const taken = await world.take();
  const [source] = await rows<{ count: string }>(world.live, 'SELECT count(*) FROM public.event_new');
  const cases = [
    { wanted: named('event'), restored: ['event_new', 'event_old'], referenced: ['public.kind'] },
    {
      wanted: named('event_new'),
      restored: ['event_new'],
      referenced: ['public.event_old', 'public.kind', 'public.event'],
    },
    { wanted: named('child'), restored: ['base', 'child'], referenced: [] },
  ];
  for (const { wanted, restored, referenced } of cases) {
    const { into, tables } = await takeOut(world, taken, wanted);
    assert.deepEqual(
      tables.restored.map(({ name }) => name),
      restored,
    );
    assert.deepEqual(tables.referenced.toSorted(), referenced.toSorted());
    if (restored.includes('event_new'))
      assert.deepEqual(await rows(into, 'SELECT count(*) FROM public.event_new'), [source]);
    await startAnew(world, into);
  }
});

test('every table is listed with rows, bytes and where its keys lead, by its snapshot alone', async () => {
  await using world = await openWorld();
  await world.sql(`CREATE TYPE mood AS ENUM ('calm', 'cross');
    CREATE TABLE kind (id int PRIMARY KEY); INSERT INTO kind VALUES (1), (2);
    CREATE TABLE spread (m mood, kind int REFERENCES kind) PARTITION BY HASH (m);
    CREATE TABLE spread_0 PARTITION OF spread FOR VALUES WITH (MODULUS 2, REMAINDER 0);
    CREATE TABLE spread_1 PARTITION OF spread FOR VALUES WITH (MODULUS 2, REMAINDER 1);
    INSERT INTO spread SELECT 'calm', 1 FROM generate_series(1, 9);
    CREATE TABLE secret (id int); INSERT INTO secret VALUES (1); CREATE TABLE empty ()`);
  world.spec.database.exclude.push({ table: 'secret', reason: 'not ours' });
  const taken = await world.take();
  await world.sql('DROP TABLE spread, kind, secret, empty');
  const { tables } = await world.describe(taken);
  assert.deepEqual(
    tables.map(({ name, rows: count, leftOut, references }) => [
      name,
      Number(count),
      leftOut,
      references.map((to) => to.name).join(),
    ]),
    [
      ['empty', 0, false, ''],
      ['kind', 2, false, ''],
      ['secret', 0, true, ''],
      ['spread', 9, false, 'kind'],
      ['spread_0', 0, false, 'spread'],
      ['spread_1', 0, false, 'spread'],
    ],
  );
  for (const { name, rows: count, bytes } of tables) assert.equal(Number(bytes) > 0, Number(count) > 0, name);

  // Its rows lie where the server of the restore puts them: a partition comes with the whole.
  const { into, tables: told } = await takeOut(world, taken, named('spread_1'));
  assert.deepEqual(told.restored, [{ schema: 'public', name: 'spread', rows: 9 }]);
  assert.deepEqual(await rows(into, 'SELECT count(*)::int FROM public.spread'), [{ count: 9 }]);
});

test('tables, schemas and databases may be called anything', async () => {
  await using world = await openWorld({ live: `o'd "db"; $1 ü` });
  const names = [
    'a b',
    'a\nb',
    'a b c',
    'A.b',
    '--help',
    `x'); DROP TABLE y; --`,
    '__proto__',
    'constructor',
    'Üñ "q"',
    'TABLE',
    '%s%n',
    'a,b',
  ];
  const schemas = ['public', 'Of Sales', 'od d'];
  for (const schema of schemas)
    for (const name of names) {
      const table = qualified({ schema, name });
      await world.sql(`CREATE SCHEMA IF NOT EXISTS ${quoteName(schema)};
        CREATE TABLE ${table} (id int PRIMARY KEY, of text); INSERT INTO ${table} VALUES (1, ${quoteText(name)})`);
    }
  await world.sql(
    `ALTER TABLE "Of Sales"."a b" ADD up int REFERENCES public."a\nb", ADD "o n" int REFERENCES "od d"."TABLE"`,
  );
  const taken = await world.take();
  const all = schemas.flatMap((schema) => names.map((name) => ({ schema, name })));
  const whole = await takeOut(world, taken, { names: all });
  assert.equal(whole.tables.restored.length, all.length);
  for (const table of all)
    assert.deepEqual(await rows(whole.into, `SELECT id, of FROM ${qualified(table)}`), [
      { id: 1, of: table.name },
    ]);
  for (const [schema, name, restored] of [
    ['Of Sales', 'A.b', ['Of Sales.A.b']],
    ['public', 'a,b', ['public.a,b']],
    ['od d', 'a b', ['od d.a b']],
  ] as const) {
    await startAnew(world, whole.into);
    const { tables } = await takeOut(world, taken, { names: [{ schema, name }] });
    assert.deepEqual(
      tables.restored.map((table) => `${table.schema}.${table.name}`),
      restored,
    );
  }
});

test('names that no table has, and tables whose rows were not taken, are all refused at once', async () => {
  await using world = await openWorld();
  await world.sql(
    'CREATE TABLE here (id int); CREATE TABLE secret (id int); INSERT INTO secret VALUES (1); CREATE VIEW v AS SELECT 1',
  );
  world.spec.database.exclude.push({ table: 'secret', reason: 'not ours' });
  const taken = await world.take();
  const names = [
    { name: 'here' },
    { name: 'nowhere' },
    { schema: 'no', name: 'here' },
    { name: 'v' },
    { name: 'secret' },
  ];
  world.relocationJson = relocationTo(`scratch_${world.tag}`, { names });
  const wrong = ['nowhere', 'no.here', 'v', 'public.secret'];
  const { problems } = await world.preflight('PURPOSE_RESTORE', taken);
  assert.deepEqual(
    problems.map(({ code, subject }) => [code, subject]),
    wrong.map((name) => ['NOT_FOUND', name]),
  );
  await assert.rejects(
    world.run('StageRestore', { snapshot: taken.snapshot } as Json),
    (error: HoldfastError) => {
      assert.deepEqual([error.code, error.problems.map(({ subject }) => subject)], ['REFUSED', wrong]);
      return true;
    },
  );
  assert.deepEqual(await world.databases(), [world.live]);
});

test('neither an existing database nor the live one’s name is taken, also when there is no live one', async () => {
  await using world = await openWorld();
  await world.sql('CREATE TABLE t (id int)');
  const taken = await world.take();
  const [other, gone] = [`other_${world.tag}`, `gone_${world.tag}`];
  await sql('postgres', `CREATE DATABASE ${other}`);
  const problemsOf = async (name: string) => {
    world.relocationJson = relocationTo(name, named('t'));
    const { problems } = await world.preflight('PURPOSE_RESTORE', taken);
    return problems.map(({ code, subject }) => [code, subject]);
  };
  assert.deepEqual(await problemsOf(other), [['DATABASE_SAME_TARGET', other]]);
  assert.deepEqual(await problemsOf(world.live), [['DATABASE_SAME_TARGET', world.live]]);
  await sql('postgres', `ALTER DATABASE ${quoteName(world.live)} RENAME TO ${gone}`);
  assert.deepEqual(await problemsOf(world.live), [['DATABASE_SAME_TARGET', world.live]]);
  assert.deepEqual(await problemsOf('ü'.repeat(31)), []);
  const [tooLong] = await problemsOf('ü'.repeat(32));
  assert.equal(tooLong?.[0], 'MESSAGE_MALFORMED');
});

test('one that came meanwhile is not touched, and nothing of the run is left', async () => {
  await using world = await openWorld();
  await world.sql('CREATE TABLE t (id int)');
  const into = `scratch_${world.tag}`;
  const { snapshot } = await world.take();
  world.relocationJson = relocationTo(into, named('t'));
  const staged = (await world.run('StageRestore', { snapshot } as Json)) as unknown as Staged;
  await sql('postgres', `CREATE DATABASE ${into}`);
  await sql(into, 'CREATE TABLE theirs (id int)');
  await assert.rejects(world.run('PivotRestore', { staged } as unknown as Json), {
    code: 'DATABASE_SAME_TARGET',
  });
  await world.run('UndoPivot', { staged } as unknown as Json);
  await world.run('DiscardStage', {});
  assert.deepEqual(await world.databases(), [world.live, into].toSorted());
  assert.deepEqual(await rows(into, 'SELECT count(*)::int FROM public.theirs'), [{ count: 0 }]);
});

test('each command may come again, and what it did is taken back', async () => {
  await using world = await openWorld();
  await world.sql('CREATE TABLE t (id int); INSERT INTO t VALUES (1)');
  const { snapshot } = await world.take();
  const into = `scratch_${world.tag}`;
  world.relocationJson = relocationTo(into, named('t'));
  const stage = async () => (await world.run('StageRestore', { snapshot } as Json)) as unknown as Staged;
  const [first, second] = [await stage(), await stage()];
  assert.deepEqual({ ...first, stage: '', side: '' }, { ...second, stage: '', side: '' });
  for (let times = 0; times < 2; times += 1)
    await world.run('PivotRestore', { staged: second } as unknown as Json);
  assert.deepEqual(await rows(into, 'SELECT id FROM public.t'), [{ id: 1 }]);
  for (let times = 0; times < 2; times += 1)
    await world.run('UndoPivot', { staged: second } as unknown as Json);
  await world.run('DiscardStage', {});
  assert.deepEqual(await world.databases(), [world.live]);
});

test('a row more, less or other than the source had is told, and the database gets no name', async () => {
  await using world = await openWorld();
  await world.sql(SHOP);
  const { snapshot } = await world.take();
  world.relocationJson = relocationTo(`scratch_${world.tag}`, named('customer', 'audit', 'line'));
  const { target } = world.service.ports;
  const create = target.create.bind(target);
  target.create = async (spec, place, acting) => {
    const side = await create(spec, place, acting);
    const finish = side.finish.bind(side);
    side.finish = async (...given) => {
      await sql(
        place.side,
        `DELETE FROM audit WHERE id = 7; UPDATE line SET note = 'note 8 ' WHERE note = 'note 8'`,
      );
      await finish(...given);
    };
    return side;
  };
  await assert.rejects(world.run('StageRestore', { snapshot } as Json), (error: HoldfastError) => {
    assert.equal(error.code, 'PROOF_FAILED');
    assert.deepEqual(
      error.problems.map(({ subject, message }) => `${subject} ${message}`),
      ['public.audit has 99 rows, had 100', 'public.line has other content'],
    );
    return true;
  });
});

async function startAnew(world: World, into: string): Promise<void> {
  await sql('postgres', `DROP DATABASE ${quoteName(into)}`);
  world.runId = randomBytes(16).toString('hex');
}
