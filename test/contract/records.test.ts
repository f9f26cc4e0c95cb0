import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import { Chain, entryName } from '#libs/saga/chain.ts';
import { decide } from '#libs/saga/decide.ts';
import { fold, isFinished } from '#libs/saga/fold.ts';
import type { JournalEvent } from '#libs/saga/journal.ts';
import type { LogEvent } from '#libs/saga/log.ts';
import { relevant } from '#libs/saga/relevant.ts';
import { memoryStore } from '#libs/store/memory.ts';
import { sagaOf } from '#services/restore-coordinator/sagas/all.ts';
import { DEPLOYMENT, stateOfJournal, stateOfLog } from '#test/fixtures/records/replay.ts';

const FOLDER = 'test/fixtures/records';
const records = globSync(`${FOLDER}/v*/*.jsonl`).toSorted();

/** As a store holds it; reading proves the chain. */
async function readRecord<E>(file: string) {
  const store = memoryStore();
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  for (const [n, line] of lines.entries())
    await store.put(entryName('c/', n), Buffer.from(line), { createOnly: true });
  return await new Chain<E>(store, 'c/').refresh();
}

function writtenState(file: string): object {
  return JSON.parse(readFileSync(file.replace('.jsonl', '.state.json'), 'utf8')) as object;
}

test('there are records of every kind of run', () => {
  const names = records.map((file) => basename(file, '.jsonl'));
  for (const kind of ['backup', 'restore', 'rollback', 'release', 'schedules', 'drill', 'verify', 'log'])
    assert.ok(names.includes(kind), kind);
});

for (const file of records.filter((name) => basename(name) !== 'log.jsonl'))
  test(`${file} means what it meant, and leaves nothing to decide`, async () => {
    const entries = await readRecord<JournalEvent>(file);
    assert.deepEqual(stateOfJournal(entries), writtenState(file));
    const state = fold(entries)!;
    assert.ok(isFinished(state));
    assert.deepEqual(decide(sagaOf(state.header), state, Date.UTC(2030, 0, 1)), []);
  });

for (const file of records.filter((name) => basename(name) === 'log.jsonl'))
  test(`${file} means what it meant, also by what a checkpoint keeps of it`, async () => {
    const entries = await readRecord<LogEvent>(file);
    assert.deepEqual(stateOfLog(entries), writtenState(file));
    const { runOf: _, ...rest } = writtenState(file) as Record<string, unknown>;
    assert.partialDeepStrictEqual(stateOfLog(relevant(DEPLOYMENT, entries)), rest);
  });
