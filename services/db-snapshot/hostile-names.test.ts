import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quoteName } from '#libs/postgres/quote.ts';
import type { Json } from '#libs/kernel/json.ts';
import { openWorld, rows, sql } from './fixtures/world.ts';

test('database, role and table may be called anything: they come back, are switched and put back', async () => {
  await using world = await openWorld({ live: `o'd "db"; DROP %s $1 ü` });
  const role = `wi'ck"ed \\ ${world.tag}; --`;
  const tables = ['__proto__', 'constructor', '--help', 'a.b', `x'); DROP TABLE y; --`, '%s%n'];
  await sql('postgres', `CREATE ROLE ${quoteName(role)}`);
  for (const name of tables)
    await world.sql(
      `CREATE TABLE ${quoteName(name)} (${quoteName(`${name}"c`)} text);
       INSERT INTO ${quoteName(name)} VALUES ('row of ${name.replaceAll("'", "''")}');
       ALTER TABLE ${quoteName(name)} OWNER TO ${quoteName(role)}; GRANT SELECT ON ${quoteName(name)} TO PUBLIC`,
    );
  assert.deepEqual((await world.preflight('PURPOSE_BACKUP')).problems, []);
  const taken = await world.take();
  const { rowsByTable } = taken.facts as { rowsByTable: Readonly<Record<string, number>> };
  assert.deepEqual(Object.keys(rowsByTable).toSorted(), tables.map((name) => `public.${name}`).toSorted());
  assert.deepEqual((await world.preflight('PURPOSE_RESTORE', taken)).problems, []);

  for (const name of tables) await world.sql(`DELETE FROM ${quoteName(name)}`);
  const staged = await world.stage(taken);
  const content = async () =>
    await Promise.all(
      tables.map(async (name) => (await rows(world.live, `SELECT * FROM public.${quoteName(name)}`)).length),
    );
  await world.run('PivotRestore', { staged } as unknown as Json);
  assert.deepEqual(
    await content(),
    tables.map(() => 1),
  );
  const owners = await rows<{ owner: string }>(
    world.live,
    `SELECT DISTINCT pg_get_userbyid(relowner) AS owner FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`,
  );
  assert.deepEqual(owners, [{ owner: role }]);
  await world.run('UndoPivot', { staged } as unknown as Json);
  await world.run('OpenDatabase', {});
  assert.deepEqual(
    await content(),
    tables.map(() => 0),
  );
  await world.run('DiscardStage', {});
  assert.deepEqual(await world.databases(), [world.live]);
});

test('a server without space says so by name', async () => {
  await using world = await openWorld();
  const full = `DO $$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$`;
  await assert.rejects(world.sql(full), { code: 'SPACE_MISSING' });
});
