import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';
import type { Secret } from '#libs/kernel/secret.ts';
import { recipientOf } from '#libs/repository/key-slots.ts';
import { createRepository, newIdentity, openRepository } from '#libs/repository/open.ts';
import { diskStore } from '#libs/store/disk.ts';
import { writeBackup } from '#test/fault/repository-damage/kept-backups.ts';

const CONTENTS = new Map(
  ['database', 'files', 'config'].flatMap((component) =>
    ['shared', 'own'].map((name) => [`${component}/${name}`, Buffer.from(`${component} ${name}`)] as const),
  ),
);

/** A store with one backup, and a home that has nothing but the everyday key. */
async function openScene() {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-keys-'));
  const store = diskStore(join(folder, 'store'));
  const { identity, recovery } = await createRepository({ store });
  const keyFile = async (name: string, key: Secret) => {
    const file = join(folder, `${name}.txt`);
    await writeFile(file, `${key.reveal()}\n`, { mode: 0o600 });
    return file;
  };
  const everyday = await keyFile('everyday', identity);
  const backUp = async (n: number) => {
    const repository = await openRepository({ store, identity });
    const backupId = `20260101T00000${n}Z-0000000${n}`;
    return await writeBackup({ store, repository }, { deployment: 'records', backupId, contents: CONTENTS });
  };
  await backUp(1);
  const keys = async (...words: readonly string[]) => {
    const where = ['--store', join(folder, 'store'), '--home', join(folder, 'home'), '--json'];
    const main = join(import.meta.dirname, '../../services/operator/cli/main.ts');
    const ended = await execa(process.execPath, [main, 'keys', ...words, ...where], {
      reject: false,
      env: { HOLDFAST_KEY_FILE: everyday },
    });
    return { exit: ended.exitCode, answer: JSON.parse(ended.stdout || '{}') as Record<string, unknown> };
  };
  const dispose = () => rm(folder, { recursive: true });
  return { folder, store, identity, recovery, keyFile, backUp, keys, [Symbol.asyncDispose]: dispose };
}

const namesIn = ({ answer }: { answer: Record<string, unknown> }) =>
  (answer['recipients'] as { name: string }[]).map(({ name }) => name);
const codeOf = ({ answer }: { answer: Record<string, unknown> }) =>
  (answer['error'] as { code: string } | undefined)?.code;

test('somebody gets a key and loses it: what is backed up after that is closed to them', async () => {
  await using scene = await openScene();
  const { store, keys } = scene;
  const colleague = await newIdentity();
  assert.deepEqual(namesIn(await keys('list')), ['everyday', 'recovery']);
  const added = await keys('add', 'colleague', '--recipient', await recipientOf(colleague));
  assert.deepEqual(namesIn(added), ['everyday', 'recovery', 'colleague']);
  assert.equal((await openRepository({ store, identity: colleague })).readOnly, undefined);
  assert.equal((await keys('remove', 'colleague')).exit, 2, 'nobody can be asked here');
  const removed = await keys('remove', 'colleague', '--yes');
  assert.deepEqual([namesIn(removed), removed.answer['epoch']], [['everyday', 'recovery'], 2]);
  await assert.rejects(openRepository({ store, identity: colleague }), { code: 'KEY_WRONG' });
  const kept = await scene.backUp(2);
  const opened = await openRepository({ store, identity: scene.recovery });
  for (const ref of kept.snapshots) await opened.readSnapshot({ deployment: 'records', ...ref });
  assert.equal((await keys('rotate')).answer['epoch'], 3);
  const refused = await keys('remove', 'recovery', '--yes');
  assert.deepEqual([refused.exit, codeOf(refused)], [4, 'KEYS_REFUSED']);
});

test('a passphrase gives a key file, and a key that was tried is said to have been', async () => {
  await using scene = await openScene();
  const { folder, keys, recovery } = scene;
  const passphrase = join(folder, 'passphrase.txt');
  await writeFile(passphrase, 'correct horse battery staple\n');
  await keys('add', 'safe', '--passphrase-file', passphrase);
  const out = join(folder, 'unlocked.txt');
  const unlock = ['unlock', '--passphrase-file', passphrase, '--out', out];
  assert.equal((await keys(...unlock)).exit, 0);
  assert.match(await readFile(out, 'utf8'), /^# Holdfast: key of safe\nAGE-SECRET-KEY-1/);
  assert.equal((await keys(...unlock)).exit, 2, 'it is there already');
  for (const [name, key] of Object.entries({
    safe: out,
    recovery: await scene.keyFile('recovery', recovery),
  })) {
    const { answer } = await keys('prove', '--key', key);
    const { name: proved, backup } = answer['proof'] as { name: string; backup: string };
    assert.deepEqual([proved, backup], [name, 'records/20260101T000001Z-00000001']);
  }
  const stranger = await keys('prove', '--key', await scene.keyFile('stranger', await newIdentity()));
  assert.deepEqual([stranger.exit, codeOf(stranger)], [4, 'KEY_WRONG']);
});
