import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRepository, openRepository } from '#libs/repository/open.ts';
import { composeInline, inlineService, type Inline } from '#libs/runtime/inline.ts';
import { CHECKPOINT_EVERY } from '#libs/saga/checkpoints.ts';
import { deploymentLog, type LogEvent } from '#libs/saga/log.ts';
import { openLogs } from '#libs/saga/logs.ts';
import { memoryStore } from '#libs/store/memory.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { silentLog } from '#libs/telemetry/log.ts';

import { contract } from './contract.ts';
import { manifestsOf } from './fixtures/manifest.ts';
import { buildService } from './service.ts';

const SPEC = `deployment: records
database: { url: { env: RECORDS_DATABASE_URL } }
policy: { schedule: "0 2 * * *", timezone: Europe/Berlin }
triggers: { edms.changed: { backup: all } }
`;
const HOUR_MS = 3_600_000;
const EVENT = {
  subject: 'edms.records',
  type: 'edms.changed',
  id: 'e1',
  source: 'edms',
  deployment: 'records',
  data: {},
};

/** A store with a repository, a clock, and coordinators that nobody works for: what they open is in the log. */
async function openWorld(spec = SPEC) {
  const store = memoryStore();
  const { identity } = await createRepository({ store });
  const repository = await openRepository({ store, identity });
  const world = {
    store,
    repository,
    now: Date.UTC(2026, 6, 1, 12),
    start: (options: { onlyAsked?: boolean; second?: ObjectStore } = {}): Promise<Inline> =>
      composeInline({
        adopts: () => true,
        services: [inlineService(contract, buildService)],
        host: {
          site: 'local',
          store,
          repository,
          clock: { now: () => world.now },
          log: silentLog,
          requireSecret: () => assert.fail('asked for a secret'),
          pgBin: undefined,
          instance: 'test',
          takeoverMs: 8000,
          ...options,
        },
      }),
    events: async (): Promise<readonly LogEvent[]> =>
      (await deploymentLog(store, 'records').refresh()).map(({ event }) => event),
    triggered: async () => (await world.events()).filter(({ kind }) => kind === 'triggered').length,
    opened: async () => (await world.events()).filter(({ kind }) => kind === 'opened').length,
    async until(holds: () => Promise<boolean>): Promise<void> {
      while (!(await holds())) await sleep(10);
    },
    declare: (inline: Inline) =>
      inline.caller.call(
        'restore-coordinator',
        'holdfast.coordinator.v1.DeploymentService',
        'declareDeployment',
        { specYaml: spec },
      ),
  };
  return world;
}

type World = Awaited<ReturnType<typeof openWorld>>;

async function declareAndStop(world: World): Promise<void> {
  await using inline = await world.start();
  await world.declare(inline);
  await world.until(async () => (await world.events()).some(({ kind }) => kind === 'scheduled'));
}

const closed = async (world: World) => (await world.events()).filter(({ kind }) => kind === 'closed').length;

test('a coordinator that was away for days runs the newest missed slot once, in the spec’s time zone', async () => {
  const world = await openWorld();
  await declareAndStop(world);
  assert.equal(await world.opened(), 0);
  world.now += 3 * 24 * HOUR_MS;
  for (const _ of ['first', 'second']) {
    await using _inline = await world.start();
    await world.until(async () => (await closed(world)) === 1);
  }
  assert.equal(await world.opened(), 1);
  const slots = (await world.events()).filter((event) => event.kind === 'slot').map(({ slot }) => slot);
  assert.deepEqual(slots, ['2026-07-04T00:00:00.000Z']);
});

test('a coordinator whose clock went back finds its slot taken', async () => {
  const world = await openWorld();
  await declareAndStop(world);
  world.now = Date.UTC(2026, 6, 2, 0, 1);
  {
    await using _inline = await world.start();
    await world.until(async () => (await closed(world)) === 1);
  }
  world.now -= HOUR_MS;
  {
    await using inline = await world.start();
    // An event is answered after the first look: the look is over when its run is there.
    await inline.bus.publish(EVENT);
    await world.until(async () => (await closed(world)) === 2);
    world.now += 2 * HOUR_MS;
    await inline.bus.publish({ ...EVENT, id: 'e2' });
    await world.until(async () => (await closed(world)) === 3);
  }
  assert.equal((await world.events()).filter(({ kind }) => kind === 'slot').length, 1);
});

test('a repeated event is recorded once, also by the next coordinator', async () => {
  const world = await openWorld();
  await declareAndStop(world);
  {
    await using inline = await world.start();
    await inline.bus.publish(EVENT);
    await world.until(async () => (await closed(world)) === 1);
  }
  await using inline = await world.start();
  await inline.bus.publish(EVENT);
  await inline.bus.publish({ ...EVENT, id: 'other' });
  await world.until(async () => (await closed(world)) === 2);
  assert.equal((await world.events()).filter(({ kind }) => kind === 'triggered').length, 2);
  assert.equal(await world.opened(), 2);
});

test('a copy of an event that comes after the log forgot it gives no second run, and still tells the first', async () => {
  const world = await openWorld();
  await declareAndStop(world);
  {
    await using inline = await world.start();
    // The newest of a type stays in the log's memory: the first one leaves it.
    await inline.bus.publish(EVENT);
    await world.until(async () => (await closed(world)) === 1);
    await inline.bus.publish({ ...EVENT, id: 'another' });
    await world.until(async () => (await closed(world)) === 2);
  }
  const logs = openLogs(world.store, { now: () => world.now });
  for (let n = 0; n < 2 * CHECKPOINT_EVERY; n += 1)
    await logs.append('records', () => ({ kind: 'value-released', principal: 'p', at: '', name: String(n) }));
  const opened = await world.opened();
  await using inline = await world.start();
  for (const id of [EVENT.id, 'another', 'new']) await inline.bus.publish({ ...EVENT, id });
  await world.until(async () => (await world.triggered()) === 3 && (await world.opened()) > opened);
  assert.equal(await world.opened(), opened + 1);
  const asked = { deployment: 'records', source: EVENT.source, id: EVENT.id };
  const service = 'holdfast.coordinator.v1.TriggerService';
  const found = (await inline.caller.call('restore-coordinator', service, 'findTrigger', asked)) as {
    state: string;
    runId: string;
  };
  assert.equal(found.state, 'covered');
  assert.ok((await world.events()).some((event) => event.kind === 'opened' && event.runId === found.runId));
});

test('in rescue nothing starts by itself', async () => {
  const world = await openWorld();
  await declareAndStop(world);
  world.now += 3 * 24 * HOUR_MS;
  await using inline = await world.start({ onlyAsked: true });
  await inline.bus.publish(EVENT);
  await world.until(async () => (await world.events()).some(({ kind }) => kind === 'triggered'));
  assert.equal(await world.opened(), 0);
});

test('a drill is started by the policy alone, and the next one when the last is older than it says (F37)', async () => {
  const world = await openWorld(`deployment: records
database: { url: { env: RECORDS_DATABASE_URL } }
policy: { drill: { every: 7d } }
`);
  {
    await using inline = await world.start();
    await world.declare(inline);
  }
  const { store, repository } = world;
  await manifestsOf('records', store, repository).commit('20260701T000000Z-00000001');
  for (const [day, wanted] of [
    [1, 1],
    [7, 1],
    [9, 2],
  ] as const) {
    world.now = Date.UTC(2026, 6, day, 12);
    // It looks when it starts, and ends no sooner than it has looked.
    await (await world.start())[Symbol.asyncDispose]();
    assert.equal(await world.opened(), wanted, `on day ${day}`);
  }
  const opened = (await world.events()).flatMap((event) => (event.kind === 'opened' ? [event] : []));
  assert.deepEqual(
    opened.map(({ runKind, principal }) => `${runKind} by ${principal}`),
    ['drill by policy', 'drill by policy'],
  );
});

test('a replication and a scrub are started by the policy alone, and a policy without a second store starts none', async () => {
  const world = await openWorld(`deployment: records
database: { url: { env: RECORDS_DATABASE_URL } }
policy: { replicate: { every: 24h }, scrub: { every: 30d } }
`);
  const runs = async () =>
    (await world.events()).flatMap((event) => (event.kind === 'opened' ? [event.runKind] : []));
  {
    await using inline = await world.start();
    await world.declare(inline);
  }
  await (await world.start())[Symbol.asyncDispose]();
  assert.deepEqual(await runs(), ['scrub']);
  const second = memoryStore();
  {
    await using _ = await world.start({ second });
    await world.until(async () => (await world.events()).some(isReplicated));
  }
  assert.deepEqual(await runs(), ['scrub', 'replicate']);
  assert.ok(await second.head('holdfast.json'));
  world.now += 25 * HOUR_MS;
  await (await world.start({ second }))[Symbol.asyncDispose]();
  assert.deepEqual((await runs()).toSorted(), ['replicate', 'replicate', 'scrub', 'scrub']);

  function isReplicated(event: LogEvent): boolean {
    return event.kind === 'closed' && event.outcome === 'completed';
  }
});
