import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { memoryStore } from '#libs/store/memory.ts';
import { Chain } from './chain.ts';
import { openRuns, type LogEvent } from './log.ts';
import { openLogs } from './logs.ts';

test('of two writers for one number exactly one wins, and the other reads on', async () => {
  const store = memoryStore();
  const [one, other] = [new Chain<string>(store, 'c/'), new Chain<string>(store, 'c/')];
  await one.append('first', 'now');
  await assert.rejects(other.append('mine', 'now'), { code: 'OBJECT_EXISTS' });
  assert.deepEqual(
    (await other.refresh()).map(({ event }) => event),
    ['first'],
  );
  await other.append('second', 'now');
  assert.deepEqual(
    (await one.refresh()).map(({ event }) => event),
    ['first', 'second'],
  );
});

test('a changed entry breaks the chain', async () => {
  const store = memoryStore();
  const chain = new Chain<string>(store, 'c/');
  await chain.append('first', 'now');
  await chain.append('second', 'now');
  const name = 'c/0000000000.json';
  const forged = (await store.get(name)).toString().replace('first', 'other');
  await store.put(name, Buffer.from(forged), { createOnly: false });
  await assert.rejects(new Chain<string>(store, 'c/').refresh(), { code: 'JOURNAL_BROKEN' });
});

test('a missing entry breaks the chain', async () => {
  const store = memoryStore();
  const chain = new Chain<string>(store, 'c/');
  for (const event of ['a', 'b', 'c']) await chain.append(event, 'now');
  await store.delete('c/0000000001.json');
  await assert.rejects(new Chain<string>(store, 'c/').refresh(), { code: 'JOURNAL_BROKEN' });
});

test('the log has one place for each of many writers', async () => {
  const store = memoryStore();
  const events = Array.from({ length: 20 }, (_, n) => ({
    kind: 'closed' as const,
    runId: String(n),
    outcome: 'completed',
  }));
  const entries = await Promise.all(events.map((event) => openLogs(store).append('d', () => event)));
  assert.deepEqual(
    entries.map((entry) => entry!.n).toSorted((a, b) => a - b),
    events.map((_, n) => n),
  );
});

test('a takeover gives a run a higher epoch; a closed run is not open', async () => {
  const logs = openLogs(memoryStore());
  const append = (event: LogEvent) => logs.append('d', () => event);
  const opened = (runId: string) => ({
    kind: 'opened' as const,
    runId,
    runKind: 'backup',
    exclusive: false,
    principal: 'p',
  });
  await append(opened('a'));
  await append(opened('b'));
  await append({ kind: 'taken-over', runId: 'a' });
  await append({ kind: 'closed', runId: 'b', outcome: 'completed' });
  assert.deepEqual(
    openRuns(await logs.read('d')).map(({ runId, epoch }) => [runId, epoch]),
    [['a', 2]],
  );
});

test('who refuses by the log’s state appends nothing', async () => {
  const logs = openLogs(memoryStore());
  const refuse = () => {
    throw new HoldfastError('RUN_IN_PROGRESS');
  };
  await assert.rejects(logs.append('d', refuse), { code: 'RUN_IN_PROGRESS' });
  assert.equal((await logs.read('d')).length, 0);
});
