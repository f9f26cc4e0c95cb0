import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sha256 } from '#libs/kernel/ids.ts';
import { memoryStore } from '#libs/store/memory.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { auditRecords } from './audit.ts';
import { CHECKPOINT_EVERY, checkpointPrefix } from './checkpoints.ts';
import { runJournal, type RunHeader } from './journal.ts';
import { logPrefix, type LogEvent } from './log.ts';
import { openLogs } from './logs.ts';

const DEPLOYMENT = 'records';
const AT = '2026-01-02T03:04:05.000Z';

const RUNS = 30;
const LOG_ENTRIES = 2 * CHECKPOINT_EVERY + 40;

/** A log of two checkpoints and more, and the journals of its runs, which all ended. */
async function openWorld(): Promise<ReadonlyMap<string, Buffer>> {
  const store = memoryStore();
  const logs = openLogs(store);
  for (let run = 0; run < RUNS; run += 1) {
    const runId = sha256(String(run)).slice(0, 32);
    const opened = { kind: 'opened', runId, runKind: 'backup', exclusive: false, principal: 'p' } as const;
    const { n: epoch } = (await logs.append(DEPLOYMENT, () => opened))!;
    const journal = runJournal(store, runId);
    await journal.append({ kind: 'started', header: headerOf(runId) }, AT);
    await journal.append({ kind: 'owned', epoch, by: 'host:1' }, AT);
    await journal.append({ kind: 'finished', outcome: 'completed', error: null }, AT);
    await logs.append(DEPLOYMENT, () => ({ kind: 'closed', runId, outcome: 'completed' }));
  }
  for (let n = 2 * RUNS; n < LOG_ENTRIES; n += 1) await logs.append(DEPLOYMENT, () => eventAt(n));
  const objects = new Map<string, Buffer>();
  for await (const { name } of store.list('')) objects.set(name, await store.get(name));
  return objects;
}

function eventAt(n: number): LogEvent {
  const backupId = `backup-${n % 8}`;
  if (n % 5 === 0) return { kind: 'committed', runId: 'r', backupId, manifestDigest: 'd' };
  if (n % 5 === 1) return { kind: 'held', backupId, principal: 'p', reason: 'court' };
  if (n % 5 === 2) return { kind: 'pruned', runId: 'r', backupId, reason: 'no rule keeps it' };
  if (n % 5 === 3) return { kind: 'condemned', list: n };
  return { kind: 'slot', slot: new Date(n * 3_600_000).toISOString() };
}

function headerOf(runId: string): RunHeader {
  const asked = { kind: 'backup', deployment: DEPLOYMENT, specVersion: 1, principal: 'p' };
  return { runId, ...asked, openedAt: AT, parameters: {} };
}

async function storeOf(objects: ReadonlyMap<string, Buffer>): Promise<ObjectStore> {
  const store = memoryStore();
  for (const [name, bytes] of objects) await store.put(name, bytes, { createOnly: true });
  return store;
}

const world = await openWorld();
const names = [...world.keys()];
const logNames = names.filter((name) => name.startsWith(logPrefix(DEPLOYMENT)));
const checkpointNames = names.filter((name) => name.startsWith(checkpointPrefix(DEPLOYMENT)));
const journals = names
  .filter((name) => name.endsWith('0.json') && name.startsWith('runs/'))
  .map((name) => name.slice(0, -'0000000000.json'.length));
const audit = async (objects: ReadonlyMap<string, Buffer>) =>
  await auditRecords(await storeOf(objects), [DEPLOYMENT]);

test('what coordinators wrote holds, and the head of each log is told', async () => {
  const { broken, logs, ...counts } = await audit(world);
  assert.deepEqual(broken, []);
  assert.deepEqual(counts, { journals: RUNS, journalEntries: 3 * RUNS });
  assert.deepEqual(logs, [
    { deployment: DEPLOYMENT, entries: LOG_ENTRIES, head: sha256(world.get(logNames.at(-1)!)!) },
  ]);
});

type Harm = (objects: Map<string, Buffer>, pick: () => number) => { readonly from: string };

/** Entries whose bytes another entry or object answers for: all but the last of a record. */
const held = [
  ...logNames.slice(0, -1),
  ...checkpointNames,
  ...names.filter((name) => /^runs\/.*000000000[01]\.json$/.test(name)),
];

const HARMS: Readonly<Record<string, Harm>> = {
  'a bit that flipped': (objects, pick) => {
    const name = held[pick() % held.length]!;
    const bytes = Buffer.from(objects.get(name)!);
    bytes[pick() % bytes.length]! ^= 1 << (pick() % 8);
    objects.set(name, bytes);
    return { from: name };
  },
  'an entry that is gone': (objects, pick) => {
    const within = [...logNames.slice(0, -1), ...names.filter((name) => name.startsWith('runs/'))];
    const name = within[pick() % within.length]!;
    objects.delete(name);
    const isLast = name.endsWith('2.json') && name.startsWith('runs/');
    return { from: isLast ? name.replace('2.json', '1.json') : name };
  },
  'two entries that changed places': (objects, pick) => {
    const at = pick() % (logNames.length - 1);
    const other = (at + 1 + (pick() % (logNames.length - 1 - at))) % logNames.length;
    const [a, b] = [logNames[at]!, logNames[other]!];
    const bytes = objects.get(a)!;
    objects.set(a, objects.get(b)!);
    objects.set(b, bytes);
    return { from: a };
  },
  'a gap wider than what is read ahead': (objects, pick) => {
    const from = 2 * CHECKPOINT_EVERY + (pick() % 5);
    for (const name of logNames.slice(from, -5)) objects.delete(name);
    return { from: logNames[from]! };
  },
  'a log cut off before a checkpoint': (objects, pick) => {
    const kept = pick() % (2 * CHECKPOINT_EVERY);
    for (const name of logNames.slice(kept)) objects.delete(name);
    return { from: logNames[kept]! };
  },
  'a journal cut off, or gone': (objects, pick) => {
    const journal = journals[pick() % journals.length]!;
    const kept = pick() % 3;
    for (let n = kept; n < 3; n += 1) objects.delete(`${journal}000000000${n}.json`);
    return { from: `${journal}000000000${Math.max(0, kept - 1)}.json` };
  },
};

for (const [name, harm] of Object.entries(HARMS))
  test(`${name} is found, and named by the first entry that does not hold`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.nat()), async (random) => {
        const objects = new Map(world);
        const { from } = harm(objects, () => random.next().value);
        const { broken } = await audit(objects);
        assert.ok(broken.length > 0, `${from} was not missed`);
        const record = from.slice(0, from.lastIndexOf('/') + 1);
        const named = broken.map(({ object }) => object).filter((object) => object.startsWith(record));
        assert.ok(
          numberOf(named[0]!) - numberOf(from) <= 1 && numberOf(named[0]!) >= numberOf(from),
          `${from}: ${named[0]}`,
        );
      }),
      { numRuns: 60 },
    );
  });

function numberOf(name: string): number {
  return Number(/(\d+)\.json$/.exec(name)![1]);
}

test('a store that forgets a whole journal of an open run is not blamed: it may not have begun', async () => {
  const store = memoryStore();
  const runId = sha256('open').slice(0, 32);
  const opened = { kind: 'opened', runId, runKind: 'backup', exclusive: false, principal: 'p' } as const;
  await openLogs(store).append(DEPLOYMENT, () => opened);
  assert.deepEqual((await auditRecords(store, [DEPLOYMENT])).broken, []);
});
