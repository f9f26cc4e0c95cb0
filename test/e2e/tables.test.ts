import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Secret } from '#libs/kernel/secret.ts';
import { connectDatabase } from '#libs/postgres/connect.ts';
import { errorOf, openScene, type Scene } from './scene.ts';

interface DescribedTable {
  readonly schema: string;
  readonly name: string;
  readonly rows: string;
  readonly bytes: string;
  readonly references: readonly { readonly name: string }[];
}

describe('tables of a backup', () => {
  let scene: Scene;
  let listed: readonly DescribedTable[];
  before(async () => {
    scene = await openScene('tables');
    await scene.holdfast.expect(0, 'backup', scene.deployment);
    const { answer } = await scene.holdfast.expect(0, 'backups', 'tables', scene.deployment);
    listed = answer['tables'] as readonly DescribedTable[];
  });
  after(() => scene[Symbol.asyncDispose]());

  async function ask<Row extends object>(database: string, query: string): Promise<readonly Row[]> {
    await using session = await connectDatabase(new Secret(scene.world.postgres.url(database)));
    return await session.query<Row>(query);
  }

  /** Every row as text, by a query of the test's own. */
  async function contentOf(database: string, table: string): Promise<object> {
    const [content] = await ask<object>(
      database,
      `SELECT count(*)::int AS rows, md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))) AS hash FROM public."${table}" t`,
    );
    return content!;
  }

  test('the list has the rows, bytes and keys of every table, and nothing is restored for it', async () => {
    const live = await ask<{ name: string }>(
      scene.world.database,
      `SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`,
    );
    assert.deepEqual(listed.map(({ name }) => name).toSorted(), live.map(({ name }) => name).toSorted());
    const documents = listed.find(({ name }) => name === 'documents')!;
    const [found] = await ask<{ rows: string }>(
      scene.world.database,
      'SELECT count(*)::text AS rows FROM public.documents',
    );
    assert.equal(documents.rows, found!.rows);
    assert.ok(Number(documents.bytes) > 0);
    assert.ok(
      documents.references.some(({ name }) => name === 'users'),
      JSON.stringify(documents),
    );
    const { answer } = await scene.holdfast.expect(2, 'backups', 'tables', scene.deployment, 'no-id');
    assert.equal(errorOf({ answer }).code, 'BACKUP_NOT_FOUND');
  });

  test('tables go into a database of their own, and the command that adds what their keys lead to is offered', async () => {
    const { holdfast, deployment, world } = scene;
    const words = ['restore', deployment, '--tables', 'documents', '--into', 'documents_then'];
    const planned = await holdfast.expect(0, ...words, '--plan');
    const { answer } = await holdfast.expect(0, ...words);
    const { outcome } = answer['run'] as {
      outcome: { database: string; restored: { name: string }[]; referenced: string[]; leftOut: string[] };
    };
    assert.equal(outcome.database, 'documents_then');
    assert.deepEqual(
      outcome.restored.map(({ name }) => name),
      ['documents'],
    );
    assert.ok(outcome.referenced.includes('public.users'), JSON.stringify(outcome));
    assert.ok(outcome.leftOut.some((key) => key.startsWith('FK CONSTRAINT public documents ')));
    assert.deepEqual(
      await contentOf('documents_then', 'documents'),
      await contentOf(world.database, 'documents'),
    );

    const offer = String(answer['offer']);
    assert.equal(planned.answer['offer'], offer);
    const refused = await holdfast.expect(4, ...offer.split(' ').slice(1));
    assert.deepEqual(
      errorOf(refused).problems.map(({ code }) => code),
      ['DATABASE_SAME_TARGET'],
    );
    await ask('postgres', 'DROP DATABASE documents_then');
    const whole = await holdfast.expect(0, ...offer.split(' ').slice(1));
    assert.equal(whole.answer['offer'], undefined);
    const tables = (whole.answer['run'] as { outcome: { restored: { name: string }[] } }).outcome.restored;
    assert.ok(tables.length > 2);
    for (const { name } of tables)
      assert.deepEqual(await contentOf('documents_then', name), await contentOf(world.database, name), name);
    const keysOf = (database: string) =>
      ask(
        database,
        `SELECT conname, convalidated FROM pg_constraint WHERE contype = 'f' AND conrelid = 'public.documents'::regclass ORDER BY 1`,
      );
    assert.deepEqual(await keysOf('documents_then'), await keysOf(world.database));
    await ask('postgres', 'DROP DATABASE documents_then');
  });

  test('names that no table has are all refused at once, the live name is, and wrong use is told', async () => {
    const { holdfast, deployment, world } = scene;
    const restore = (exit: number, ...words: string[]) =>
      holdfast.expect(exit, 'restore', deployment, ...words);
    const wrong = await restore(
      4,
      '--tables',
      'nowhere,documents',
      '--tables',
      '"no such"."Table, really"',
      '--into',
      'new_one',
    );
    assert.deepEqual(
      errorOf(wrong).problems.map(({ subject }) => subject),
      ['nowhere', 'no such.Table, really'],
    );
    const living = await restore(4, '--tables', 'documents', '--into', world.database);
    assert.deepEqual(
      errorOf(living).problems.map(({ code, subject }) => [code, subject]),
      [['DATABASE_SAME_TARGET', world.database]],
    );
    for (const words of [
      ['--tables', 'documents'],
      ['--tables', 'a.b.c', '--into', 'new_one'],
      ['--into', 'new_one'],
      ['--with-referenced'],
      ['--tables', 'documents', '--into', 'new_one', '--only', 'database'],
      ['--tables', 'documents', '--into', 'new_one', '--beside', '/tmp/x'],
    ])
      assert.equal(errorOf(await restore(2, ...words)).code, 'USAGE', words.join(' '));
    const databases = await ask<{ name: string }>(
      'postgres',
      `SELECT datname AS name FROM pg_database WHERE datname LIKE '%new_one%'`,
    );
    assert.deepEqual(databases, []);
  });
});
