import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { withDatabase } from '#libs/postgres/address.ts';
import { openWorld, SUPERUSER, type World } from './fixtures/world.ts';

/** Every case has one table, or a partitioned one, of three rows, of which the reading role `R` would see one or none. */
const ROWS = [{ id: 1 }, { id: 2 }, { id: 3 }];
const TABLE =
  'CREATE TABLE guarded (id int, who text); INSERT INTO guarded SELECT g, NULL FROM generate_series(1, 3) g;';

/** Each once, in turn. */
const POLICIES = [
  'CREATE POLICY p ON guarded USING (id = 1)',
  'CREATE POLICY p ON guarded USING (true); CREATE POLICY q ON guarded AS RESTRICTIVE USING (id = 1)',
  'CREATE POLICY p ON guarded FOR SELECT TO R USING (id = 1)',
  'CREATE POLICY p ON guarded FOR UPDATE USING (true)',
  'CREATE FUNCTION one() RETURNS int STABLE LANGUAGE sql AS $$ SELECT 1 $$; CREATE POLICY p ON guarded USING (id = public.one())',
  `CREATE POLICY p ON guarded USING (who = current_user OR id = coalesce(current_setting('app.id', true), '1')::int)`,
  'CREATE POLICY p ON guarded USING (id = (SELECT count(*) FROM pg_catalog.pg_class WHERE false) + 1)',
  'SELECT 1',
] as const;

const STATES = {
  enabled: 'ALTER TABLE guarded ENABLE ROW LEVEL SECURITY',
  'enabled and forced': 'ALTER TABLE guarded ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY',
  'forced, not enabled': 'ALTER TABLE guarded FORCE ROW LEVEL SECURITY',
  'not enabled': 'ALTER TABLE guarded DISABLE ROW LEVEL SECURITY',
} as const;

/** Who reads, and under which states a policy would hold for them (PostgreSQL manual, "Row Security Policies"). */
const READERS = [
  { who: 'a role with SELECT', as: 'GRANT SELECT ON guarded TO R', held: ['enabled', 'enabled and forced'] },
  { who: 'the owner', as: 'ALTER TABLE guarded OWNER TO R', held: ['enabled and forced'] },
  {
    who: 'a member of the owner',
    as: 'GRANT O TO R; ALTER TABLE guarded OWNER TO O',
    held: ['enabled and forced'],
  },
  {
    who: 'a member of the owner that does not inherit',
    as: 'ALTER ROLE R NOINHERIT; GRANT O TO R; ALTER TABLE guarded OWNER TO O; GRANT SELECT ON guarded TO R',
    held: ['enabled', 'enabled and forced'],
  },
  {
    who: 'a member of pg_read_all_data',
    as: 'GRANT pg_read_all_data TO R',
    held: ['enabled', 'enabled and forced'],
  },
  { who: 'a role with BYPASSRLS', as: 'ALTER ROLE R BYPASSRLS; GRANT SELECT ON guarded TO R', held: [] },
  { who: 'a superuser', as: 'ALTER ROLE R SUPERUSER', held: [] },
] as const;

const MATRIX = READERS.flatMap(({ who, as, held }, row) =>
  Object.entries(STATES).map(([state, statement], column) => ({
    what: `${who}, policies ${state} (kind ${(row + 2 * column) % POLICIES.length})`,
    setup: `${TABLE} ${POLICIES[(row + 2 * column) % POLICIES.length]}; ${statement}; ${as}`,
    whole: !(held as readonly string[]).includes(state),
  })),
);

const PARTITIONED = `CREATE TABLE guarded (id int, who text) PARTITION BY RANGE (id);
  CREATE TABLE low PARTITION OF guarded FOR VALUES FROM (0) TO (2); CREATE TABLE high PARTITION OF guarded FOR VALUES FROM (2) TO (9);
  INSERT INTO guarded SELECT g, NULL FROM generate_series(1, 3) g; GRANT SELECT ON guarded, low, high TO R;`;
const hides = (table: string) =>
  `CREATE POLICY p ON ${table} USING (false); ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`;

const MORE = [
  {
    what: 'policies of a partitioned table, none of its partitions',
    setup: `${PARTITIONED} ${hides('guarded')}`,
    whole: false,
  },
  { what: 'policies of one partition', setup: `${PARTITIONED} ${hides('high')}`, whole: false },
  {
    what: 'policies of a partition, read by a role with BYPASSRLS',
    setup: `${PARTITIONED} ${hides('high')}; ALTER ROLE R BYPASSRLS`,
    whole: true,
  },
  {
    what: 'policies of a table that inherits',
    setup: `${TABLE} CREATE TABLE child () INHERITS (guarded); GRANT SELECT ON guarded, child TO R; ${hides('child')}`,
    whole: false,
  },
  {
    what: 'the role says row_security on, the database off',
    setup: `${TABLE} ${hides('guarded')}; GRANT SELECT ON guarded TO R; ALTER ROLE R SET row_security = on; ALTER DATABASE L SET row_security = off`,
    whole: false,
  },
  {
    what: 'the role says row_security on, and has BYPASSRLS',
    setup: `${TABLE} ${hides('guarded')}; GRANT SELECT ON guarded TO R; ALTER ROLE R BYPASSRLS; ALTER ROLE R SET row_security = on`,
    whole: true,
  },
  {
    what: 'a role that becomes another at login, which policies hold for',
    setup: `${TABLE} ${hides('guarded')}; ALTER ROLE R BYPASSRLS; GRANT O TO R; GRANT SELECT ON guarded TO O; ALTER ROLE R SET role = 'O'`,
    whole: false,
  },
  {
    what: 'a table whose rows are read for documents',
    setup: `${TABLE} ${hides('guarded')}; GRANT SELECT ON guarded TO R`,
    whole: false,
    documents: true,
  },
  {
    what: 'policies that are the application’s way of hiding what was deleted',
    setup: `${TABLE} CREATE POLICY p ON guarded USING (who IS NOT NULL); ALTER TABLE guarded ENABLE ROW LEVEL SECURITY; GRANT SELECT ON guarded TO R`,
    whole: false,
  },
];

const CASES: readonly { what: string; setup: string; whole: boolean; documents?: boolean }[] = [
  ...MATRIX,
  ...MORE,
];

test('there are as many cases of row-level security as promised, and every kind of policy is among them', () => {
  assert.ok(CASES.length >= 24, `${CASES.length} cases`);
  for (const [kind] of POLICIES.entries())
    assert.ok(
      CASES.some(({ what }) => what.endsWith(`(kind ${kind})`)),
      `kind ${kind}`,
    );
});

for (const { what, setup, whole, documents = false } of CASES)
  test(`row-level security: ${what}: ${whole ? 'every row is in the backup' : 'refused, and nothing is taken'}`, async () => {
    await using world = await openWorld({ administrator: 'ADMIN_URL', more: documents ? RULE : '' });
    world.secrets.set('ADMIN_URL', withDatabase(SUPERUSER, world.live));
    await guard(world, setup);
    const { problems } = await world.preflight('PURPOSE_BACKUP');
    assert.deepEqual([...new Set(problems.map(({ code }) => code))], whole ? [] : ['DATABASE_ROW_SECURITY']);
    const taken = await world.take().catch((thrown: unknown) => HoldfastError.from(thrown));
    if (taken instanceof HoldfastError) {
      assert.deepEqual([taken.code, whole, world.early], ['DATABASE_ROW_SECURITY', false, []]);
      return;
    }
    assert.ok(whole, 'it was taken');
    const { side } = await world.stage(taken);
    assert.deepEqual(await world.rows('SELECT id FROM public.guarded ORDER BY 1', side), ROWS);
  });

const RULE = `files:
  roots: [ { name: storage, path: /srv/storage } ]
  documents: [ { table: guarded, path: who, root: storage } ]
`;

async function guard(world: World, setup: string): Promise<void> {
  const other = `other_${world.tag}`;
  const reader = await world.readAs('reader');
  await world.sql(
    `CREATE ROLE ${other}; ${setup}`.replaceAll(
      /\b[ROL]\b/g,
      (letter) => ({ R: reader, O: other, L: world.live })[letter]!,
    ),
  );
}
