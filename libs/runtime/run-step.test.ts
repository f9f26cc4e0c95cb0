import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Bus } from '#libs/bus/port.ts';
import { resultName, type StepCommand } from '#libs/contracts/step.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Json } from '#libs/kernel/json.ts';
import { systemClock } from '#libs/kernel/clock.ts';
import { claimWork } from '#libs/saga/claims.ts';
import { runJournal, type JournalEvent } from '#libs/saga/journal.ts';
import { memoryStore } from '#libs/store/memory.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { silentLog } from '#libs/telemetry/log.ts';
import type { StepContext } from './contract.ts';
import { executeStep } from './run-step.ts';
import { writeSpec } from './spec-store.ts';

const COMMAND: StepCommand = {
  runId: '0123456789abcdef0123456789abcdef',
  deployment: 'records',
  specVersion: 1,
  relocationJson: '',
  service: 'file-snapshot',
  site: 'local',
  step: 'stage.files',
  attempt: 1,
  epoch: 1,
  verb: 'StageRestore',
  requestJson: '{}',
  principal: 'operator',
};

interface Circumstances {
  /** What the journal says when the command comes. */
  readonly journal: readonly JournalEvent[];
  readonly act?: (store: ObjectStore, context: StepContext) => Promise<void>;
  readonly store?: ObjectStore;
}

const SCHEDULED: JournalEvent = { kind: 'step-scheduled', step: COMMAND.step, attempt: 1 };
const NOTHING = { result: undefined, done: 0, storedWhenTold: [] };

async function appendAll(store: ObjectStore, events: readonly JournalEvent[]): Promise<void> {
  const journal = runJournal(store, COMMAND.runId);
  await journal.refresh();
  for (const event of events) await journal.append(event, 'now');
}

/** One command; what was told notes whether it was stored. */
async function execute({ journal, act = async () => {}, store = memoryStore() }: Circumstances) {
  await writeSpec(store, 'records', 'deployment: records\ndatabase: { url: { env: RECORDS_URL } }\n');
  await appendAll(store, journal);
  const storedWhenTold: boolean[] = [];
  const bus = {
    listen: async () => ({ [Symbol.asyncDispose]: async () => {} }),
    async publish() {
      storedWhenTold.push((await store.head(resultName(COMMAND))) !== undefined);
      return { duplicate: false };
    },
  } as unknown as Bus;
  let done = 0;
  const handle = async (_: Json, context: StepContext) => {
    done += 1;
    await act(store, context);
    return {};
  };
  const result = await executeStep(
    { service: 'file-snapshot', consumes: { StageRestore: handle }, serves: {}, publishes: [] },
    null,
    COMMAND,
    { store, bus, clock: systemClock, log: silentLog, signal: new AbortController().signal, alive: () => {} },
  );
  return { result, done, storedWhenTold };
}

test('a result is told when it lies in the store, and not before', async () => {
  const { result, done, storedWhenTold } = await execute({ journal: [SCHEDULED] });
  assert.equal(result?.ok, true);
  assert.equal(done, 1);
  assert.deepEqual(storedWhenTold, [true]);
});

test('an attempt that the journal no longer waits for does nothing and has no result', async () => {
  const journal = [{ ...SCHEDULED, attempt: 2 }];
  assert.deepEqual(await execute({ journal }), NOTHING);
});

test('a command that comes when its step is being taken back does nothing', async () => {
  const undoing: JournalEvent = { kind: 'undo-started', error: new HoldfastError('CANCELLED').toRecord() };
  assert.deepEqual(await execute({ journal: [SCHEDULED, undoing] }), NOTHING);
});

test('a command of an epoch before the run was taken over does nothing', async () => {
  const owned = (epoch: number) => ({ kind: 'owned', epoch }) as JournalEvent;
  assert.deepEqual(await execute({ journal: [owned(1), SCHEDULED, owned(2)] }), NOTHING);
  assert.equal((await execute({ journal: [owned(1), SCHEDULED] })).done, 1);
});

test('who is taken over while it works is refused, and neither its failure nor its success counts', async () => {
  for (const fails of [true, false]) {
    let refused: unknown;
    const told = await execute({
      journal: [SCHEDULED],
      async act(store, { requireLatest, token }) {
        await requireLatest();
        assert.ok((await claimWork(store, COMMAND, 'another')).claim > token.claim);
        refused = await requireLatest().catch((error: unknown) => error);
        if (fails) throw refused;
      },
    });
    assert.equal(HoldfastError.from(refused).code, 'STAGE_GONE');
    assert.deepEqual(told, { ...NOTHING, done: 1 });
  }
});

test('who works while another coordinator takes the run over goes on, and its result counts', async () => {
  const { result } = await execute({
    journal: [{ kind: 'owned', epoch: 1, by: 'first' }, SCHEDULED],
    async act(store, { requireLatest }) {
      await appendAll(store, [{ kind: 'owned', epoch: 2, by: 'second' }]);
      await requireLatest();
    },
  });
  assert.equal(result?.ok, true);
});

test('who stands still before its claim until the run has gone on does nothing', async () => {
  const store = memoryStore();
  const put: typeof store.put = async (name, ...rest) => {
    const made = await store.put(name, ...rest);
    const failed = { kind: 'step-failed', step: COMMAND.step, attempt: 1, error: {} } as never;
    if (name.includes('/claims/')) await appendAll(store, [failed]);
    return made;
  };
  const slow = new Proxy(store, { get: (of, key) => (key === 'put' ? put : Reflect.get(of, key).bind(of)) });
  assert.deepEqual(await execute({ journal: [SCHEDULED], store: slow }), NOTHING);
});
