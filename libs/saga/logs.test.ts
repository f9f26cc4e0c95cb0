import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runIdOf } from '#libs/kernel/ids.ts';
import { memoryStore } from '#libs/store/memory.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { CHECKPOINT_EVERY, checkpointPrefix } from './checkpoints.ts';
import { deploymentLog, openRuns, type LogEvent } from './log.ts';
import { openLogs, type Logs } from './logs.ts';
import { relevant } from './relevant.ts';
import { foldTriggers } from './triggers.ts';

const DEPLOYMENT = 'records';
const CHECKPOINTS = checkpointPrefix(DEPLOYMENT);

/** Backups one after the other, and one run that stays open. */
async function fill(logs: Logs, { from = 0, entries }: { from?: number; entries: number }): Promise<void> {
  for (let n = from; n < from + entries; n += 1) await logs.append(DEPLOYMENT, () => eventAt(n));
}

function eventAt(n: number): LogEvent {
  const runId = `run-${Math.floor(n / 3)}`;
  if (n === 1) return { kind: 'opened', runId: 'long', runKind: 'drill', exclusive: false, principal: 'p' };
  if (n % 3 === 0) return { kind: 'opened', runId, runKind: 'backup', exclusive: false, principal: 'p' };
  if (n % 3 === 1) return { kind: 'committed', runId, backupId: `b-${n}`, manifestDigest: 'd' };
  return { kind: 'closed', runId, outcome: 'completed' };
}

/** Counts what is asked of a store. */
function counted(inner: ObjectStore) {
  const calls = { get: 0, head: 0, list: 0 };
  const store: ObjectStore = {
    ...inner,
    get: (...args) => ((calls.get += 1), inner.get(...args)),
    head: (...args) => ((calls.head += 1), inner.head(...args)),
    list: (...args) => ((calls.list += 1), inner.list(...args)),
  };
  return { store, calls };
}

async function checkpointsIn(store: ObjectStore): Promise<readonly string[]> {
  return (await Array.fromAsync(store.list(CHECKPOINTS))).map(({ name }) => name);
}

test('a process that starts reads the last checkpoint and what came after it, not the history', async () => {
  const inner = memoryStore();
  await fill(openLogs(inner), { entries: 20 * CHECKPOINT_EVERY + 30 });
  const { store, calls } = counted(inner);
  const read = await openLogs(store).read(DEPLOYMENT);
  assert.ok(openRuns(read).some(({ runId }) => runId === 'long'));
  assert.ok(read.length < 60, `${read.length} entries in memory`);
  assert.ok(calls.get + calls.head < 80, JSON.stringify(calls));
  const whole = await deploymentLog(inner, DEPLOYMENT).refresh();
  assert.deepEqual(relevant(DEPLOYMENT, read), relevant(DEPLOYMENT, whole));
});

test('the memory of a process that stays is bounded, and so are the checkpoints that are kept', async () => {
  const store = memoryStore();
  const [writer, reader] = [openLogs(store), openLogs(store)];
  for (let from = 0; from < 5 * CHECKPOINT_EVERY; from += 100) {
    await fill(writer, { from, entries: 100 });
    for (const logs of [writer, reader])
      assert.ok((await logs.read(DEPLOYMENT)).length < CHECKPOINT_EVERY + 60);
  }
  assert.equal((await checkpointsIn(store)).length, 2);
});

test('a store that lists nothing hides nothing', async () => {
  const store: ObjectStore = { ...memoryStore(), list: async function* () {} };
  await fill(openLogs(store), { entries: 2 * CHECKPOINT_EVERY + 9 });
  const [late] = (await openLogs(store).read(DEPLOYMENT)).slice(-1);
  assert.equal(late?.n, 2 * CHECKPOINT_EVERY + 8);
  assert.equal((await deploymentLog(store, DEPLOYMENT).refresh()).length, 2 * CHECKPOINT_EVERY + 9);
});

test('where a checkpoint was lost the one before it serves', async () => {
  const store = memoryStore();
  await fill(openLogs(store), { entries: 3 * CHECKPOINT_EVERY + 5 });
  const [, newest] = await checkpointsIn(store);
  const before = await openLogs(store).read(DEPLOYMENT);
  await store.delete(newest!);
  const after = await openLogs(store).read(DEPLOYMENT);
  assert.deepEqual(relevant(DEPLOYMENT, after), relevant(DEPLOYMENT, before));
});

test('a checkpoint that is not of its log is said, and the whole log is read instead', async () => {
  const store = memoryStore();
  await fill(openLogs(store), { entries: 2 * CHECKPOINT_EVERY + 5 });
  const [, newest] = await checkpointsIn(store);
  const forged = JSON.parse((await store.get(newest!)).toString()) as { head: string; entries: unknown };
  const bytes = Buffer.from(JSON.stringify({ ...forged, head: '0'.repeat(64), entries: [] }));
  await store.put(newest!, bytes, { createOnly: false });
  const said: string[] = [];
  const logs = openLogs(store, undefined, (_, { code }) => said.push(code));
  assert.ok(openRuns(await logs.read(DEPLOYMENT)).some(({ runId }) => runId === 'long'));
  assert.deepEqual(said, ['JOURNAL_BROKEN']);
});

test('two processes append by turns over several checkpoints, and come to the same', async () => {
  const store = memoryStore();
  const all = [openLogs(store), openLogs(store)];
  for (let n = 0; n < 2.5 * CHECKPOINT_EVERY; n += 1) await all[n % 2]!.append(DEPLOYMENT, () => eventAt(n));
  const [one, other] = await Promise.all(all.map((logs) => logs.read(DEPLOYMENT)));
  assert.deepEqual(relevant(DEPLOYMENT, one!), relevant(DEPLOYMENT, other!));
  assert.equal((await deploymentLog(store, DEPLOYMENT).refresh()).length, 2.5 * CHECKPOINT_EVERY);
});

test('an event that left the memory of the log still has its run', async () => {
  const store = memoryStore();
  const logs = openLogs(store);
  const policy = { type: 't', debounceMs: 0, minIntervalMs: 0 };
  const keys = Array.from({ length: 40 }, (_, n) => `e${n}`);
  const runs = new Map<string, string>();
  for (const key of keys) {
    await logs.append(DEPLOYMENT, () => ({ kind: 'triggered', key, ...policy }));
    const runId = runIdOf({ kind: 'event', deployment: DEPLOYMENT, key });
    const opened = { kind: 'opened', runId, runKind: 'backup', exclusive: false, principal: 'p' } as const;
    await logs.append(DEPLOYMENT, () => opened);
    runs.set(key, runId);
  }
  await fill(logs, { entries: CHECKPOINT_EVERY });
  const late = openLogs(store);
  const remembered = foldTriggers(DEPLOYMENT, await late.read(DEPLOYMENT)).runOf;
  assert.ok(remembered.size < 5);
  for (const key of keys)
    assert.equal(remembered.get(key) ?? (await late.findAnswered(DEPLOYMENT, key)), runs.get(key));
  assert.equal(await late.findAnswered(DEPLOYMENT, 'never came'), undefined);
});

test('the history is read from its end, each entry proved by the one after it', async () => {
  const store = memoryStore();
  const logs = openLogs(store);
  const entries = CHECKPOINT_EVERY + 70;
  await fill(logs, { entries });
  const numbers = async (before?: number) =>
    (await Array.fromAsync(logs.history(DEPLOYMENT, before))).map(({ n }) => n);
  const all = Array.from({ length: entries }, (_, index) => entries - 1 - index);
  assert.deepEqual(await numbers(), all);
  assert.deepEqual(await numbers(100), all.slice(-100));
  const name = `deployments/${DEPLOYMENT}/log/${'7'.padStart(10, '0')}.json`;
  const changed = (await store.get(name)).toString().replace('run-2', 'run-9');
  await store.put(name, Buffer.from(changed), { createOnly: false });
  await assert.rejects(numbers(), { code: 'JOURNAL_BROKEN' });
});
