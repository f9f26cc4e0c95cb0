import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { wholeOf, wholeOfStaged } from './fixtures/compared.ts';
import { readCorpus } from './fixtures/corpus.ts';
import { ownedByApplication, rolesOfThePage } from './fixtures/roles-page.ts';
import { openWorld, sql, type World } from './fixtures/world.ts';

/** Each kind that its owner made, without a superuser. */
const made: string[] = [];

for (const group of readCorpus().filter(({ needs }) => needs === ''))
  test(`P1: with the roles of docs/database-roles.md all of ${group.file} that its owner can make comes back`, async () => {
    await using world = await openWorld({ administrator: 'ADMIN_URL' });
    const owner = await ownedByApplication(world);
    for (const { name, statements } of group.kinds)
      if (await makes(world, owner, asMember(statements.replaceAll(':tag', world.tag)))) made.push(name);
    await rolesOfThePage(world, { readsAll: group.file === 'large-objects.sql' });
    assert.deepEqual((await world.preflight('PURPOSE_BACKUP')).problems, []);
    const taken = await world.take();
    assert.deepEqual(
      taken.leftOut.filter(({ partial }) => partial),
      [],
    );
    for (const { remedy } of (await world.preflight('PURPOSE_RESTORE', taken)).warnings)
      await sql('postgres', remedy);
    const { problems, warnings } = await world.preflight('PURPOSE_RESTORE', taken);
    assert.deepEqual([problems, warnings], [[], []]);
    const staged = await world.stage(taken);
    const [was, is] = [await wholeOf(world.live), await wholeOfStaged(staged)];
    for (const part of Object.keys(was) as (keyof typeof was)[]) assert.deepEqual(is[part], was[part], part);
  });

test('most kinds of objects and values need no superuser', () => {
  assert.ok(made.length >= 80, `${made.length} kinds`);
});

/** False for what only a superuser may make. */
async function makes(world: World, owner: string, statements: string): Promise<boolean> {
  try {
    await world.sql(`SET ROLE ${owner}; ${statements}`);
    return true;
  } catch (thrown) {
    const { code, details } = HoldfastError.from(thrown);
    // The second is how the server says it of an aggregate whose state is its own memory.
    const reserved = String(details['reason']).includes('cannot be internal');
    if (code === 'DATABASE_PRIVILEGE_MISSING' || reserved) return false;
    throw new Error(JSON.stringify(details), { cause: thrown });
  }
}

/** Who makes a role may give to it. */
function asMember(kind: string): string {
  return kind.replaceAll(/CREATE ROLE (\w+);/g, 'CREATE ROLE $1; GRANT $1 TO CURRENT_USER;');
}

const MUCH = `CREATE SCHEMA "Old ones"; CREATE TABLE "Old ones".t (id int); CREATE TABLE plain (id int);
  CREATE TABLE numbered (id int GENERATED ALWAYS AS IDENTITY); CREATE SEQUENCE free;
  CREATE TABLE whole (id int) PARTITION BY LIST (id); CREATE TABLE part PARTITION OF whole FOR VALUES IN (1);
  INSERT INTO whole VALUES (1); INSERT INTO numbered DEFAULT VALUES;
  CREATE TABLE guarded (id int); INSERT INTO guarded VALUES (1), (2);
  ALTER TABLE guarded ENABLE ROW LEVEL SECURITY; CREATE POLICY one ON guarded USING (id = 1)`;

/** What is taken away, and what must be said of it: object, and the statement that mends it. `R` is the reading role. */
const GRANTS = [
  [
    'USAGE of a schema',
    'REVOKE USAGE ON SCHEMA "Old ones" FROM R',
    'schema Old ones',
    'GRANT USAGE ON SCHEMA "Old ones" TO "R";',
  ],
  [
    'a table',
    'REVOKE SELECT ON plain FROM R',
    'public.plain',
    'GRANT SELECT ON TABLE "public"."plain" TO "R";',
  ],
  [
    'a partitioned table',
    'REVOKE SELECT ON whole FROM R',
    'public.whole',
    'GRANT SELECT ON TABLE "public"."whole" TO "R";',
  ],
  [
    'a partition',
    'REVOKE SELECT ON part FROM R',
    'public.part',
    'GRANT SELECT ON TABLE "public"."part" TO "R";',
  ],
  [
    'all but a column',
    'REVOKE SELECT ON plain FROM R; GRANT SELECT (id) ON plain TO R',
    'public.plain',
    'GRANT SELECT ON TABLE "public"."plain" TO "R";',
  ],
  [
    'a sequence',
    'REVOKE SELECT ON SEQUENCE free FROM R',
    'public.free',
    'GRANT SELECT ON SEQUENCE "public"."free" TO "R";',
  ],
  [
    'an identity column’s sequence',
    'REVOKE SELECT ON SEQUENCE numbered_id_seq FROM R',
    'public.numbered_id_seq',
    'GRANT SELECT ON SEQUENCE "public"."numbered_id_seq" TO "R";',
  ],
  ['BYPASSRLS', 'ALTER ROLE R NOBYPASSRLS', 'public.guarded', 'ALTER ROLE "R" BYPASSRLS;'],
] as const;

async function worldWithRoles() {
  const world = await openWorld({ administrator: 'ADMIN_URL', more: 'policy: { partial: refuse }\n' });
  const owner = await ownedByApplication(world);
  await world.sql(`SET ROLE ${owner}; ${MUCH}`);
  return { world, owner, ...(await rolesOfThePage(world)) };
}

const told = ({ problems }: { problems: readonly { code: string; subject: string; remedy: string }[] }) =>
  problems.map(({ code, subject, remedy }) => ({ code, subject, remedy }));

async function refusalOf(world: World): Promise<HoldfastError> {
  const refused = await world.take().then(
    () => undefined,
    (thrown: unknown) => HoldfastError.from(thrown),
  );
  assert.ok(refused, 'the backup was taken');
  return refused;
}

test('each right of the reading role, when it is missing, is named with the statement that mends it, by preflight and by the backup', async (t) => {
  const { world, reader } = await worldWithRoles();
  await using _world = world;
  assert.deepEqual(told(await world.preflight('PURPOSE_BACKUP')), []);
  for (const [what, revoke, subject, remedy] of GRANTS)
    await t.test(`without ${what}`, async () => {
      await world.sql(named(revoke, reader));
      const code = what === 'BYPASSRLS' ? 'DATABASE_ROW_SECURITY' : 'DATABASE_PRIVILEGE_MISSING';
      const wanted = [{ code, subject, remedy: named(remedy, reader) }];
      assert.deepEqual(told(await world.preflight('PURPOSE_BACKUP')), wanted);
      const refused = await refusalOf(world);
      assert.deepEqual([refused.code, refused.remedy, told(refused)], [code, wanted[0]!.remedy, wanted]);
      assert.deepEqual([world.early, world.told], [[], []], 'nothing was read');
      await world.sql(wanted[0]!.remedy);
      assert.deepEqual(told(await world.preflight('PURPOSE_BACKUP')), [], 'mended by what was said');
    });
});

test('all that is missing is told in one answer, by preflight and by the backup', async () => {
  const { world, reader } = await worldWithRoles();
  await using _world = world;
  const each = GRANTS.filter(([what]) => what !== 'all but a column');
  for (const [, revoke] of each) await world.sql(named(revoke, reader));
  const wanted = each.map(([, , , remedy]) => named(remedy, reader)).toSorted();
  const asked = told(await world.preflight('PURPOSE_BACKUP'));
  assert.deepEqual(asked.map(({ remedy }) => remedy).toSorted(), wanted);
  const refused = await refusalOf(world);
  assert.deepEqual(told(refused), asked);
  assert.deepEqual([world.early, world.told], [[], []], 'nothing was read');
  for (const remedy of wanted) await world.sql(remedy);
  assert.equal((await world.take()).facts['rows'], 4);
});

test('a role that may not enter the database is told the GRANT that lets it in', async () => {
  const { world, reader } = await worldWithRoles();
  await using _world = world;
  await world.sql(`REVOKE CONNECT ON DATABASE ${world.live} FROM PUBLIC, ${reader}`);
  const remedy = `GRANT CONNECT ON DATABASE "${world.live}" TO "${reader}";`;
  const [first] = told(await world.preflight('PURPOSE_BACKUP'));
  assert.deepEqual([first?.code, first?.remedy], ['DATABASE_PRIVILEGE_MISSING', remedy]);
  const { code, remedy: said } = await refusalOf(world);
  assert.deepEqual([code, said], ['DATABASE_PRIVILEGE_MISSING', remedy]);
  await world.sql(remedy);
  assert.equal((await world.take()).facts['rows'], 4);
});

test('large objects want pg_read_all_data, which stands for all grants of the page and not for BYPASSRLS', async () => {
  await using world = await openWorld();
  await world.sql(`${MUCH}; SELECT lo_from_bytea(0, 'x')`);
  const reader = await world.readAs('reader');
  const asked = async () =>
    told(await world.preflight('PURPOSE_BACKUP')).filter(({ code }) => code !== 'DATABASE_UNSUPPORTED');
  const remedy = `GRANT pg_read_all_data TO "${reader}";`;
  assert.deepEqual(
    (await asked()).find(({ subject }) => subject === 'pg_catalog.pg_largeobject'),
    { code: 'DATABASE_PRIVILEGE_MISSING', subject: 'pg_catalog.pg_largeobject', remedy },
  );
  await world.sql(remedy);
  assert.deepEqual(await asked(), [
    { code: 'DATABASE_ROW_SECURITY', subject: 'public.guarded', remedy: `ALTER ROLE "${reader}" BYPASSRLS;` },
  ]);
});

test('what the application makes later is readable without another grant', async () => {
  const { world, owner } = await worldWithRoles();
  await using _world = world;
  await world.sql(`SET ROLE ${owner}; CREATE SCHEMA later; CREATE TABLE later.t (id int GENERATED ALWAYS AS IDENTITY);
    INSERT INTO later.t DEFAULT VALUES; CREATE TABLE next (id serial); CREATE SEQUENCE more`);
  assert.deepEqual(told(await world.preflight('PURPOSE_BACKUP')), []);
  assert.equal((await world.take()).facts['rows'], 5);
});

/** Of the restoring role, `S`; `O` owns the database, `N` is a role that the backup names and the server has not. */
const RESTORING = [
  ['CREATEDB', 'ALTER ROLE S NOCREATEDB', 'role S', 'ALTER ROLE "S" CREATEDB;'],
  ['membership in the owner', 'REVOKE O FROM S', 'database L', 'GRANT "O" TO "S";'],
  [
    'CREATEROLE',
    'ALTER ROLE S NOCREATEROLE; DROP OWNED BY N; DROP ROLE N',
    'role S',
    'ALTER ROLE "S" CREATEROLE;',
  ],
] as const;

for (const [what, revoke, subject, remedy] of RESTORING)
  test(`without ${what} a restore is refused before it begins, and what is said mends it`, async () => {
    const { world, owner, restorer } = await worldWithRoles();
    await using _world = world;
    const gets = `gets_${world.tag}`;
    await world.sql(
      `CREATE ROLE ${gets}; GRANT SELECT ON plain TO ${gets}; GRANT ${gets} TO ${restorer} WITH ADMIN OPTION`,
    );
    const taken = await world.take();
    const filled = (text: string) =>
      text.replaceAll(
        /\b[SOLN]\b/g,
        (letter) => ({ S: restorer, O: owner, L: world.live, N: gets })[letter]!,
      );
    await world.sql(filled(revoke));
    const asked = told(await world.preflight('PURPOSE_RESTORE', taken));
    assert.deepEqual(
      asked.map((each) => [each.code, each.subject]),
      [['DATABASE_PRIVILEGE_MISSING', filled(subject)]],
    );
    const [statement] = asked[0]!.remedy.split(/(?<=;)/);
    assert.equal(statement, filled(remedy));
    await sql('postgres', statement);
    assert.deepEqual(told(await world.preflight('PURPOSE_RESTORE', taken)), []);
    const { side } = await world.stage(taken);
    assert.deepEqual(await world.rows('SELECT * FROM public.guarded ORDER BY 1', side), [
      { id: 1 },
      { id: 2 },
    ]);
  });

function named(statement: string, reader: string): string {
  return statement.replaceAll(/\bR\b/g, reader);
}
