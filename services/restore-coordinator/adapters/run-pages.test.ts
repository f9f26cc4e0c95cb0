import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLogs } from '#libs/saga/logs.ts';
import { memoryStore } from '#libs/store/memory.ts';
import { pageOfRuns } from './run-pages.ts';

/** Logs of three deployments under one clock, and runs opened in them by turns. */
function openWorld() {
  let now = Date.UTC(2026, 0, 1);
  const logs = openLogs(memoryStore(), { now: () => now });
  const deployments = ['a', 'b', 'c'];
  return {
    logs,
    deployments,
    setClock: (ms: number) => {
      now = ms;
    },
    open: async (deployment: string, runId: string) => {
      now += 1000;
      const opened = { kind: 'opened', runId, runKind: 'backup', exclusive: false, principal: 'p' } as const;
      await logs.append(deployment, () => opened);
      await logs.append(deployment, () => ({ kind: 'closed', runId, outcome: 'completed' }));
    },
    pages: async (pageSize: number, among = deployments, between: () => Promise<void> = async () => {}) => {
      const pages: (readonly string[])[] = [];
      for (let pageToken = ''; ;) {
        const { runIds, nextPageToken } = await pageOfRuns(logs, among, { pageSize, pageToken });
        pages.push(runIds);
        if (nextPageToken === '') return pages;
        pageToken = nextPageToken;
        await between();
      }
    },
  };
}

test('runs of all deployments come newest first, page by page', async () => {
  const world = openWorld();
  for (let n = 0; n < 25; n += 1) await world.open(world.deployments[(n * n) % 3]!, `run-${n}`);
  const all = Array.from({ length: 25 }, (_, n) => `run-${24 - n}`);
  for (const size of [1, 4, 25, 100]) assert.deepEqual((await world.pages(size)).flat(), all);
  assert.deepEqual(
    (await world.pages(4)).map(({ length }) => length),
    [4, 4, 4, 4, 4, 4, 1],
  );
});

test('runs opened between two pages neither repeat nor skip one, and wait for the next first page', async () => {
  const world = openWorld();
  for (let n = 0; n < 20; n += 1) await world.open(n < 10 ? 'a' : 'b', `run-${n}`);
  let inserted = 0;
  const seen = await world.pages(3, world.deployments, async () => {
    for (const deployment of world.deployments) await world.open(deployment, `new-${(inserted += 1)}`);
  });
  assert.ok(inserted > 0);
  assert.deepEqual(
    seen.flat(),
    Array.from({ length: 20 }, (_, n) => `run-${19 - n}`),
  );
});

test('a clock that went wrong for a while moves runs between deployments, never within one', async () => {
  const world = openWorld();
  await world.open('a', 'first');
  world.setClock(Date.UTC(2031, 0, 1));
  await world.open('a', 'ahead');
  world.setClock(Date.UTC(2026, 1, 1));
  await world.open('a', 'last');
  await world.open('b', 'newest');
  assert.deepEqual((await world.pages(1)).flat(), ['newest', 'last', 'ahead', 'first']);
});

test('a page reads the end of a log, however long it is', async () => {
  const world = openWorld();
  for (let n = 0; n < 400; n += 1) await world.open('a', `run-${n}`);
  let read = 0;
  const logs = {
    history: async function* (deployment: string, before?: number) {
      for await (const entry of world.logs.history(deployment, before)) {
        read += 1;
        yield entry;
      }
    },
  };
  const { runIds } = await pageOfRuns(logs, ['a'], { pageSize: 10, pageToken: '' });
  assert.equal(runIds.length, 10);
  assert.ok(read < 30, `${read} entries`);
});

test('an opener that lost to another one leaves a run that is listed once', async () => {
  const world = openWorld();
  await world.open('a', 'other');
  for (const _ of ['mine', 'theirs']) await world.open('a', 'twice');
  assert.deepEqual((await world.pages(10)).flat(), ['twice', 'other']);
});

test('a token that is none of ours is refused', async () => {
  const world = openWorld();
  for (const pageToken of ['x', 'e30', Buffer.from('{"at":1,"ends":{}}').toString('base64url')])
    await assert.rejects(pageOfRuns(world.logs, ['a'], { pageSize: 1, pageToken }), {
      code: 'MESSAGE_MALFORMED',
    });
});
