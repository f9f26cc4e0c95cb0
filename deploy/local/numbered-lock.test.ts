import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeTempFolder } from './fixtures/temp-folder.ts';
import { tryLock } from './numbered-lock.ts';
import { ownIdentity, type ProcessIdentity } from './process-identity.ts';

async function putHolder(folder: string, holder: ProcessIdentity): Promise<void> {
  await mkdir(folder);
  await writeFile(join(folder, '7'), JSON.stringify({ holder }));
}

const countHeld = (outcomes: readonly { kind: string }[]) =>
  outcomes.filter(({ kind }) => kind === 'held').length;
const contend = (folder: string) => Promise.all(Array.from({ length: 12 }, () => tryLock(folder)));

test('of twelve contenders one holds the lock, and after its release one other', async () => {
  await using temp = await makeTempFolder();
  const outcomes = await contend(temp.path);
  assert.equal(countHeld(outcomes), 1);
  for (const outcome of outcomes) if (outcome.kind === 'held') await outcome.lock.release();
  assert.equal(countHeld(await contend(temp.path)), 1);
});

test('the lock of a dead process is taken over by one contender', async () => {
  await using temp = await makeTempFolder();
  const folder = join(temp.path, 'lock');
  // Above the largest pid a system can give.
  await putHolder(folder, { pid: 2 ** 22 + 1, startMark: 'gone' });
  assert.equal(countHeld(await contend(folder)), 1);
});

test('a pid that was given to another process does not hold the lock', async () => {
  await using temp = await makeTempFolder();
  const folder = join(temp.path, 'lock');
  await putHolder(folder, { ...(await ownIdentity()), startMark: 'earlier' });
  assert.equal((await tryLock(folder)).kind, 'held');
});

test('a living holder is named', async () => {
  await using temp = await makeTempFolder();
  const folder = join(temp.path, 'lock');
  await putHolder(folder, await ownIdentity());
  assert.deepEqual(await tryLock(folder), { kind: 'taken', holder: await ownIdentity() });
});

test('numbers never go back, however often it is taken', async () => {
  await using temp = await makeTempFolder();
  for (let round = 1; round <= 30; round += 1) {
    const outcome = await tryLock(temp.path);
    assert.ok(outcome.kind === 'held');
    assert.equal(outcome.lock.number, round);
    await outcome.lock.release();
  }
});
