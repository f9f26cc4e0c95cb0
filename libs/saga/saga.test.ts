import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { memoryStore } from '#libs/store/memory.ts';
import type { ObjectStore } from '#libs/store/port.ts';
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

test('a long record is read whole, also where it is as long as what is asked for at once', async () => {
  for (const length of [1, 4, 5, 6, 20, 21, 22, 37, 38, 100]) {
    const store = memoryStore();
    const chain = new Chain<string>(store, 'c/');
    for (let n = 0; n < length; n += 1) await chain.append(String(n), 'now');
    assert.equal((await new Chain<string>(store, 'c/').refresh()).length, length);
    const scanned = await Array.fromAsync(new Chain<string>(store, 'c/').scan());
    assert.deepEqual(
      scanned.map(({ n }) => n),
      Array.from({ length }, (_, n) => n),
    );
  }
});

test('an entry that comes while others are looked for is no break', async () => {
  const inner = memoryStore();
  const writer = new Chain<string>(inner, 'c/');
  await writer.append('first', 'now');
  const written = Promise.withResolvers<void>();
  const store: ObjectStore = {
    ...inner,
    async get(name, options) {
      // Entries 1 and 2 are written after 1 was found missing, and before 2 is looked for.
      if (name === 'c/0000000002.json') await written.promise;
      return await inner.get(name, options).catch(async (missing: unknown) => {
        if (name === 'c/0000000001.json') {
          await writer.append('second', 'now');
          await writer.append('third', 'now');
          written.resolve();
        }
        throw missing;
      });
    },
  };
  assert.equal((await new Chain<string>(store, 'c/').refresh()).length, 3);
});
