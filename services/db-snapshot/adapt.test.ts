import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openWorld } from './fixtures/world.ts';

const TABLES = `
  CREATE TABLE django_session (session_key text PRIMARY KEY);
  INSERT INTO django_session VALUES ('a'), ('b');
  CREATE TABLE django_celery_beat_periodictask (name text PRIMARY KEY, enabled boolean NOT NULL);
  INSERT INTO django_celery_beat_periodictask VALUES ('nightly', true), ('never', false), ('hourly', true);`;

const count = async (world: Awaited<ReturnType<typeof openWorld>>, database: string) => {
  const [row] = await world.rows<{ sessions: string; due: string }>(
    `SELECT (SELECT count(*)::text FROM public.django_session) AS sessions,
            (SELECT string_agg(name, ' ' ORDER BY name) FROM public.django_celery_beat_periodictask WHERE enabled) AS due`,
    database,
  );
  return row!;
};

test('a deployment’s own backup keeps sessions and due tasks', async () => {
  await using world = await openWorld();
  await world.sql(TABLES);
  const { side, adapted } = await world.stage(await world.take());
  assert.deepEqual(adapted, { sessionsDropped: 0, held: [], incomplete: [] });
  assert.deepEqual(await count(world, side), { sessions: '2', due: 'hourly nightly' });
});

test('where the spec says so, sessions are dropped and exactly the due tasks are held and enabled again', async () => {
  await using world = await openWorld({ more: 'restore: { sessions: drop, schedules: hold }' });
  await world.sql(TABLES);
  const staged = await world.stage(await world.take());
  assert.deepEqual(staged.adapted, { sessionsDropped: 2, held: ['hourly', 'nightly'], incomplete: [] });
  assert.deepEqual(await count(world, staged.side), { sessions: '0', due: null });
  assert.deepEqual(await count(world, world.live), { sessions: '2', due: 'hourly nightly' });
  await world.run('PivotRestore', { staged: { ...staged } });
  for (const _ of [1, 2]) await world.run('EnableSchedules', { names: staged.adapted.held });
  assert.deepEqual(await count(world, world.live), { sessions: '0', due: 'hourly nightly' });
  const states = [{ ofRun: world.runId, staged: { ...staged } }];
  for (const _ of [1, 2]) await world.run('ReleaseKept', { states });
  assert.deepEqual(await world.databases(), [world.live]);
});
