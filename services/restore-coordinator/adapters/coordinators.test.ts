import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '#libs/kernel/clock.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Json } from '#libs/kernel/json.ts';
import { resultName, type StepCommand, type StepResult } from '#libs/contracts/step.ts';
import { claimWork } from '#libs/saga/claims.ts';
import { within, type Saga } from '#libs/saga/define.ts';
import { fold } from '#libs/saga/fold.ts';
import { runJournal } from '#libs/saga/journal.ts';
import { deploymentLog } from '#libs/saga/log.ts';
import { openLogs } from '#libs/saga/logs.ts';
import { memoryStore } from '#libs/store/memory.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { silentLog } from '#libs/telemetry/log.ts';
import type { RunRequest } from '../ports.ts';
import { Beats } from './beats.ts';
import { Caretaker, RUNS_DRIVEN_MAX } from './caretaker.ts';
import { listOpenRuns } from './open-runs.ts';
import { RunDriver } from './run-driver.ts';
import { RunRegistry } from './run-registry.ts';

const TAKEOVER_MS = 400;

/** Work, then a switch that can be taken back, then the end. */
const SAGA: Saga = {
  kind: 'backup',
  exclusive: false,
  outcomeOf: () => 'completed',
  steps: [
    { name: 'work', after: [], ...asked('TakeSnapshot'), undo: { work: asked('DiscardStage').work } },
    {
      name: 'switch',
      after: ['work'],
      ...asked('PivotRestore'),
      pivot: true,
      undo: { work: asked('UndoPivot').work },
    },
    { name: 'end', after: ['switch'], ...asked('ReleaseKept') },
  ],
};

function asked(verb: StepCommand['verb']) {
  const work = { service: 'db-snapshot', verb, request: () => ({}) } as const;
  return { work, attemptsMax: 1, deadlines: within(60_000) };
}

const request = (key: string, deployment = 'records'): RunRequest => ({
  kind: 'backup',
  deployment,
  specVersion: 1,
  principal: 'operator',
  origin: 'request',
  key,
  parameters: {},
});

/** A process: it can be stopped at its next use of the store, and go on. */
function openGate(inner: ObjectStore) {
  let stopped: PromiseWithResolvers<void> | undefined;
  const pass = async <T>(use: () => Promise<T>): Promise<T> => {
    await stopped?.promise;
    const answer = await use();
    await stopped?.promise;
    return answer;
  };
  const store: ObjectStore = {
    ...inner,
    put: (...words) => pass(() => inner.put(...words)),
    get: (...words) => pass(() => inner.get(...words)),
    head: (...words) => pass(() => inner.head(...words)),
    delete: (...words) => pass(() => inner.delete(...words)),
    async *list(...words) {
      await stopped?.promise;
      yield* inner.list(...words);
    },
  };
  return {
    store,
    stop: () => void (stopped = Promise.withResolvers<void>()),
    goOn: () => {
      stopped?.resolve();
      stopped = undefined;
    },
  };
}

async function openCoordinator(store: ObjectStore, instance: string, saga: Saga = SAGA) {
  const sent: StepCommand[] = [];
  const common = { store, clock: systemClock, log: silentLog };
  const logs = openLogs(store);
  await using stack = new AsyncDisposableStack();
  const beats = stack.use(new Beats({ ...common, instance, takeoverMs: TAKEOVER_MS }));
  const driver: RunDriver = stack.use(
    new RunDriver({
      ...common,
      sagaOf: () => saga,
      drive: {
        site: 'local',
        send: (command) => Promise.resolve(void sent.push(command)),
        sendCancel: () => Promise.resolve(),
        runLocal: () => Promise.reject(new Error('no local step')),
      },
      close: (state) => caretaker.close(state),
      onRoom: () => caretaker.ring(),
      onFinished: () => Promise.resolve(),
    }),
  );
  const adopts = () => true;
  const settings = { instance, takeoverMs: TAKEOVER_MS, adopts };
  const caretaker: Caretaker = stack.use(new Caretaker({ ...common, ...settings, logs, driver, beats }));
  const runs: RunRegistry = new RunRegistry({
    ...common,
    logs,
    driver,
    caretaker,
    sagaOf: () => saga,
    sitesOf: () => Promise.resolve({}),
    listDeployments: () => Promise.resolve(['records']),
    listenProgress: () => Promise.resolve({ [Symbol.asyncDispose]: () => Promise.resolve() }),
    tellNews: () => {},
  });
  await caretaker.start();
  const owned = stack.move();
  return { runs, driver, sent, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** As a worker does it: the first result counts. */
async function answer(store: ObjectStore, runId: string, step: string, outcome: Json = {}): Promise<void> {
  const where = { runId, step, attempt: 1 };
  const result: StepResult = {
    ...where,
    epoch: 1,
    service: 'db-snapshot',
    startedAt: '',
    endedAt: '',
    phases: [],
    ok: true,
    outcome,
  };
  await store.put(resultName(where), Buffer.from(JSON.stringify(result)), { createOnly: true });
}

const stateOf = async (store: ObjectStore, runId: string) => fold(await runJournal(store, runId).refresh())!;

async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await holds())) await sleep(10);
}

const namesIn = async (store: ObjectStore, prefix: string) =>
  (await Array.fromAsync(store.list(prefix))).map(({ name }) => name);

test('a coordinator that falls silent loses its run, and changes nothing when it goes on', async () => {
  const store = memoryStore();
  const gate = openGate(store);
  await using first = await openCoordinator(gate.store, 'first');
  await using second = await openCoordinator(store, 'second');
  const { header } = await first.runs.open(request('a'));
  const { runId } = header;
  await until(() => first.sent.length === 1);
  gate.stop();
  await until(async () => (await stateOf(store, runId)).owner === 'second');
  const mine = second.sent.at(-1);
  assert.deepEqual([mine?.step, mine?.attempt], ['work', 1]);
  assert.ok(mine!.epoch > first.sent[0]!.epoch, 'the command carries the new epoch');
  const before = await namesIn(store, 'runs/');
  gate.goOn();
  await until(() => first.driver.size === 0);
  assert.deepEqual(await namesIn(store, 'runs/'), before);
  for (const step of ['work', 'switch', 'end']) {
    await answer(store, runId, step);
    second.runs.notify(runId);
    await until(async () => (await stateOf(store, runId)).steps[step]?.state === 'completed');
  }
  await until(async () => (await listOpenRuns(store, AbortSignal.timeout(5_000))).length === 0);
  assert.deepEqual(
    (await deploymentLog(store, 'records').refresh()).map(({ event }) => event.kind),
    ['opened', 'taken-over', 'closed'],
  );
});

test('a coordinator that is alive keeps its runs, and one of the same name continues them at once', async () => {
  const store = memoryStore();
  await using watcher = await openCoordinator(store, 'watcher');
  let runId = '';
  {
    await using first = await openCoordinator(store, 'first');
    runId = (await first.runs.open(request('a'))).header.runId;
    await sleep(TAKEOVER_MS * 3);
    assert.equal((await stateOf(store, runId)).owner, 'first');
  }
  await using again = await openCoordinator(store, 'first');
  assert.equal((await stateOf(store, runId)).owner, 'first');
  assert.ok(again.driver.has(runId) && !watcher.driver.has(runId));
});

test('a driver whose run has a newer owner stops, also after its store was away', async () => {
  const store = memoryStore();
  let away = false;
  const flaky: ObjectStore = {
    ...store,
    get: (...words) =>
      away ? Promise.reject(new HoldfastError('STORE_UNREACHABLE', {})) : store.get(...words),
  };
  await using first = await openCoordinator(flaky, 'first');
  const { runId } = (await first.runs.open(request('a'))).header;
  await until(() => first.sent.length === 1);
  away = true;
  first.runs.notify(runId);
  await until(() => first.driver.heldBy(runId) !== undefined);
  assert.match(await first.runs.whyWaiting(await stateOf(store, runId)), /^on STORE_UNREACHABLE/);
  const journal = runJournal(store, runId);
  await journal.refresh();
  await journal.append({ kind: 'owned', epoch: 99, by: 'other' }, new Date().toISOString());
  away = false;
  await until(() => first.driver.size === 0);
  assert.equal((await stateOf(store, runId)).owner, 'other');
});

test('a hundred copies of a request at two coordinators, one of them anew, are one run (P6)', async () => {
  const store = memoryStore();
  await using first = await openCoordinator(store, 'first');
  const answers: string[] = [];
  const ask = async (runs: RunRegistry, copies: number) => {
    const states = await Promise.all(Array.from({ length: copies }, () => runs.open(request('once'))));
    answers.push(...states.map(({ header }) => `${header.runId} ${header.openedAt}`));
  };
  {
    await using second = await openCoordinator(store, 'second');
    await Promise.all([ask(first.runs, 25), ask(second.runs, 25)]);
  }
  await using second = await openCoordinator(store, 'second');
  await Promise.all([ask(first.runs, 25), ask(second.runs, 25)]);
  assert.equal(new Set(answers).size, 1);
  const opened = (await deploymentLog(store, 'records').refresh()).filter(
    ({ event }) => event.kind === 'opened',
  );
  assert.equal(opened.length, 1);
});

test('whoever finds no room waits, is seen to, and begins when there is room; a flood keeps nobody out', async () => {
  const store = memoryStore();
  await using first = await openCoordinator(store, 'first');
  const flood: string[] = [];
  for (let n = 0; n < RUNS_DRIVEN_MAX + 20; n += 1)
    flood.push((await first.runs.open(request(`flood-${n}`, 'flooding'))).header.runId);
  const other = await first.runs.open(request('one', 'records'));
  assert.equal(other.status, 'queued');
  assert.equal(first.driver.size, RUNS_DRIVEN_MAX);
  assert.equal(await first.runs.whyWaiting(other), 'for its turn: 1 of 21');
  const done = flood[0]!;
  for (const step of ['work', 'switch', 'end']) {
    await answer(store, done, step);
    first.runs.notify(done);
    await until(async () => (await stateOf(store, done)).steps[step]?.state === 'completed');
  }
  await until(async () => (await stateOf(store, other.header.runId)).status === 'running');
  assert.equal(first.driver.size, RUNS_DRIVEN_MAX);
});

test('an order that no worker has begun for long is shown with who is missing, and no more once it is begun', async () => {
  const store = memoryStore();
  const hasty = { ...asked('TakeSnapshot'), deadlines: { ...within(60_000), queueMs: 0 } };
  await using first = await openCoordinator(store, 'first', {
    ...SAGA,
    steps: [{ name: 'work', after: [], ...hasty }],
  });
  const { runId } = (await first.runs.open(request('a'))).header;
  await until(() => first.sent.length === 1);
  const why = async () => await first.runs.whyWaiting(await stateOf(store, runId));
  assert.match(await why(), /^for db-snapshot: nobody has begun work since /);
  await claimWork(store, first.sent[0]!, 'worker');
  assert.equal(await why(), '');
});

test('a run that its opener never listed is found by the log, and one that is over is taken off the list', async () => {
  const store = memoryStore();
  let runId = '';
  {
    await using first = await openCoordinator(store, 'first');
    runId = (await first.runs.open(request('a'))).header.runId;
  }
  await store.delete(`open/records/${runId}`);
  await store.put('open/records/0123456789abcdef0123456789abcdef', Buffer.from('{}'), { createOnly: true });
  await using first = await openCoordinator(store, 'first');
  assert.equal(first.driver.size, 0);
  await first.runs.reconcile('records', await openLogs(store).read('records'));
  await until(() => first.driver.has(runId));
});

test('what does not hold any more under the lock is refused, and nothing is opened', async () => {
  const store = memoryStore();
  await using first = await openCoordinator(store, 'first', { ...SAGA, stillHolds: (log) => log.length > 0 });
  await assert.rejects(first.runs.open(request('a')), { code: 'PLAN_CHANGED' });
  assert.deepEqual(await namesIn(store, 'open/'), []);
  assert.deepEqual(await namesIn(store, 'deployments/'), []);
});

for (const [choice, begun, outcome] of [
  ['back', 'work', 'cancelled'],
  ['forward', 'work', 'cancelled'],
  ['back', 'switch', 'cancelled'],
  ['forward', 'switch', 'completed'],
] as const)
  test(`cancelled ${choice} at another coordinator while '${begun}' is under way: ${outcome}`, async () => {
    const store = memoryStore();
    await using driving = await openCoordinator(store, 'first');
    await using other = await openCoordinator(store, 'second');
    const { runId } = (await driving.runs.open(request('a'))).header;
    if (begun === 'switch') await answer(store, runId, 'work');
    driving.runs.notify(runId);
    await until(() => driving.sent.some(({ step }) => step === begun));
    for (let twice = 0; twice < 2; twice += 1)
      await other.runs.cancel(runId, { choice, principal: 'operator' });
    driving.runs.notify(runId);
    await until(async () => (await stateOf(store, runId)).cancel === choice);
    const asked = () => driving.sent.map(({ step }) => step);
    for (let answered = 0; (await stateOf(store, runId)).finishedAt === undefined;) {
      for (const step of asked().slice(answered)) await answer(store, runId, step).catch(() => {});
      answered = asked().length;
      driving.runs.notify(runId);
      await sleep(5);
    }
    const ended = await stateOf(store, runId);
    assert.equal(ended.status, outcome);
    const undone = asked().filter((step) => step.startsWith('undo.'));
    const expected = begun === 'switch' ? ['undo.switch', 'undo.work'] : ['undo.work'];
    assert.deepEqual(undone, outcome === 'cancelled' ? expected : []);
    assert.equal((await other.runs.cancel(runId, { choice: 'back', principal: 'late' })).status, outcome);
  });
