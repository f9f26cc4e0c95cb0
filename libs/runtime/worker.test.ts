import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Bus, BusEvent } from '#libs/bus/port.ts';
import { openMemoryBus } from '#libs/bus/memory.ts';
import { resultName, type StepCommand } from '#libs/contracts/step.ts';
import { subjects } from '#libs/contracts/subjects.ts';
import { systemClock } from '#libs/kernel/clock.ts';
import { runJournal, type JournalEvent } from '#libs/saga/journal.ts';
import { memoryStore } from '#libs/store/memory.ts';
import { silentLog } from '#libs/telemetry/log.ts';
import { noTracing } from '#libs/telemetry/tracing.ts';
import type { ServiceContract } from './contract.ts';
import type { Host } from './host.ts';
import { writeSpec } from './spec-store.ts';
import { startWorker } from './worker.ts';

const RUN = '0123456789abcdef0123456789abcdef';
const SPEC = 'deployment: records\ndatabase: { url: { env: RECORDS_URL } }\n';

/** A worker on a bus and a store in memory; `seen` tells what its one handler did. */
async function openScene(
  act: (command: StepCommand, signal: AbortSignal) => Promise<void>,
  wrap: (bus: Bus) => Bus = (bus) => bus,
) {
  const stack = new AsyncDisposableStack();
  const store = memoryStore();
  const bus = wrap(stack.use(openMemoryBus({ log: silentLog, clock: systemClock })));
  await writeSpec(store, 'records', SPEC);
  const contract: ServiceContract<null> = {
    service: 'file-snapshot',
    consumes: {
      StageRestore: async (_, { command, signal }) => {
        await act(command, signal);
        return {};
      },
    },
    serves: {},
    publishes: [],
  };
  const repository = { refresh: async () => {} };
  const host = { site: 'local', store, repository, clock: systemClock, log: silentLog } as unknown as Host;
  stack.use(await startWorker({ contract, ports: null, host, bus, tracing: noTracing }));
  const journal = runJournal(store, RUN);
  const append = (event: JournalEvent) => journal.append(event, new Date().toISOString());
  let sent = 0;
  return {
    store,
    bus,
    append,
    async send(step: string, attempt: number) {
      sent += 1;
      const command: StepCommand = {
        runId: RUN,
        deployment: 'records',
        specVersion: 1,
        relocationJson: '',
        service: 'file-snapshot',
        site: 'local',
        step,
        attempt,
        epoch: 1,
        verb: 'StageRestore',
        requestJson: '{}',
        principal: 'operator',
      };
      const subject = subjects.command('file-snapshot', 'local');
      const type = 'holdfast.step.v1.StepCommand';
      // An id of its own each time: past the window in which the bus drops a repetition.
      await bus.publish({
        subject,
        type,
        id: String(sent),
        source: 'test',
        deployment: 'records',
        data: command,
      });
    },
    hasResult: async (step: string, attempt: number) =>
      (await store.head(resultName({ runId: RUN, step, attempt }))) !== undefined,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await pause(10);
}

test('a command that comes again while it is worked on is done once', async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  let begun = 0;
  await using scene = await openScene(async () => {
    begun += 1;
    await gate;
  });
  await scene.append({ kind: 'step-scheduled', step: 'stage.files', attempt: 1 });
  for (let copy = 0; copy < 5; copy += 1) await scene.send('stage.files', 1);
  await until(() => begun > 0);
  await pause(100);
  open();
  await until(() => scene.hasResult('stage.files', 1));
  assert.equal(begun, 1);
});

test('while it is at a command a worker tells its run that it lives', async () => {
  const { promise: told, resolve: tell } = Promise.withResolvers<BusEvent>();
  const hasty = (bus: Bus): Bus => ({
    publish: (...all) => bus.publish(...all),
    emit: (note) => bus.emit(note),
    listen: (...all) => bus.listen(...all),
    consume: (options, handler) => bus.consume({ ...options, ackWaitMs: 60 }, handler),
    [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose](),
  });
  await using scene = await openScene(async () => {
    await told;
  }, hasty);
  await using _listening = await scene.bus.listen(subjects.alive(RUN), tell);
  await scene.append({ kind: 'step-scheduled', step: 'stage.files', attempt: 1 });
  await scene.send('stage.files', 1);
  await until(() => scene.hasResult('stage.files', 1));
  const { type, data } = await told;
  assert.equal(type, 'holdfast.step.v1.StepAlive');
  assert.deepEqual(data, {
    runId: RUN,
    step: 'stage.files',
    attempt: 1,
    service: 'file-snapshot',
    site: 'local',
  });
});

test('a newer command of the run ends what is in hand, and begins only when that has ended', async () => {
  const order: string[] = [];
  await using scene = await openScene(async ({ step, attempt }, signal) => {
    order.push(`${step}.${attempt} begins`);
    if (attempt === 1) await pause(60_000, undefined, { signal }).catch(() => pause(50));
    order.push(`${step}.${attempt} ends`);
    signal.throwIfAborted();
  });
  await scene.append({ kind: 'step-scheduled', step: 'stage.files', attempt: 1 });
  await scene.send('stage.files', 1);
  await until(() => order.length === 1);
  await scene.append({ kind: 'step-scheduled', step: 'stage.files', attempt: 2 });
  await scene.send('stage.files', 2);
  await until(() => scene.hasResult('stage.files', 2));
  assert.deepEqual(order, [
    'stage.files.1 begins',
    'stage.files.1 ends',
    'stage.files.2 begins',
    'stage.files.2 ends',
  ]);
  assert.equal(await scene.hasResult('stage.files', 1), false);
});

test('a command that the journal no longer waits for is not carried out', async () => {
  const done: string[] = [];
  await using scene = await openScene(async ({ step, attempt }) => {
    done.push(`${step}.${attempt}`);
  });
  await scene.append({ kind: 'step-scheduled', step: 'pivot.files', attempt: 1 });
  await scene.append({ kind: 'step-scheduled', step: 'pivot.files', attempt: 2 });
  await scene.append({ kind: 'step-scheduled', step: 'stage.files', attempt: 1 });
  await scene.send('pivot.files', 1);
  await scene.send('stage.files', 1);
  await until(() => scene.hasResult('stage.files', 1));
  assert.deepEqual(done, ['stage.files.1']);
});
