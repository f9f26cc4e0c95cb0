import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseSpec } from '#libs/contracts/spec.ts';
import type { RunHeader } from '#libs/saga/journal.ts';
import type { LogEvent } from '#libs/saga/log.ts';
import { openLogs, type Logs } from '#libs/saga/logs.ts';
import { DEPLOYMENT, openPrunedWorld, type Front, type PrunedWorld } from './fixtures/pruned-world.ts';
import { localBodies } from './sagas/bodies.ts';
import { forgetBackups, type RetentionPorts } from './sagas/forget.ts';

interface Choice {
  readonly backupId: string;
  readonly kept: boolean;
  readonly reasons: readonly string[];
}

const planOf = async (front: Front) =>
  (await front.ask<{ choices: readonly Choice[] }>('BackupService', 'planPrune', { deployment: DEPLOYMENT }))
    .choices;
const hold = (front: Front, backupId: string, reason = 'court') =>
  front.ask<{ heldBecause: string }>('BackupService', 'holdBackup', {
    deployment: DEPLOYMENT,
    backupId,
    reason,
  });

async function backUpDays(world: PrunedWorld, days: number): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let day = 1; day <= days; day += 1) ids.push(await world.backUp(day));
  return ids;
}

test('P11: prunes forget what no rule keeps and remove what only that needed; what is held and what is kept reads on', async () => {
  const world = await openPrunedWorld('{ last: 2 }');
  const [held, second, third, fourth, fifth] = (await backUpDays(world, 5)) as [
    string,
    string,
    string,
    string,
    string,
  ];
  await using front = await world.start();
  await hold(front, held);
  const first = await front.prune('the-first-prune');
  assert.equal(first.state, 'completed', JSON.stringify(first));
  const { forget, clean } = JSON.parse(first.outcomeJson) as {
    forget: { forgotten: { backupId: string }[]; kept: number };
    clean: { deleted: number; condemned: number };
  };
  assert.deepEqual(
    forget.forgotten.map(({ backupId }) => backupId),
    [second, third],
  );
  assert.deepEqual([forget.kept, clean.deleted, clean.condemned > 0], [3, 0, true]);
  assert.deepEqual(await front.listed(), [fifth, fourth, held]);
  const packs = (await world.names('packs/')).length;
  const again = await front.prune('the-second-prune');
  assert.ok((JSON.parse(again.outcomeJson) as { clean: { deleted: number } }).clean.deleted > 0);
  assert.ok((await world.names('packs/')).length < packs);
  assert.deepEqual(
    await world.names(`backups/${DEPLOYMENT}/`),
    [held, fourth, fifth].map((id) => `${id}.json`),
  );
  for (const id of [held, fourth, fifth]) assert.equal(await world.readBack(id), 300_000);
});

test('a plan says of each backup whether it stays and why, and touches nothing', async () => {
  const world = await openPrunedWorld('{ last: 1, daily: 2 }');
  const ids = await backUpDays(world, 4);
  await using front = await world.start();
  await hold(front, ids[0]!, 'the audit');
  const before = [await world.names(''), (await world.events()).length];
  const choices = await planOf(front);
  assert.deepEqual([await world.names(''), (await world.events()).length], before);
  assert.deepEqual(
    choices.map(({ backupId, kept }) => [backupId, kept]),
    [
      [ids[3], true],
      [ids[2], true],
      [ids[1], false],
      [ids[0], true],
    ],
  );
  assert.match(choices[3]!.reasons.join(), /held by operator: the audit/);
  assert.match(choices[1]!.reasons.join(), /daily 2/);
});

test('P11: the newest that was proved as far as the policy wants stays, and the newest that was restored', async () => {
  const world = await openPrunedWorld('{ last: 1 }');
  const ids = await backUpDays(world, 4);
  const proof = (level: number, ok = true) => ({
    at: '2026-06-30T00:00:00Z',
    checks: [{ name: `to ${level}`, level, ok, detail: '' }],
  });
  world.verdicts.set(ids[0]!, [proof(5)]);
  world.verdicts.set(ids[1]!, [proof(1)]);
  world.verdicts.set(ids[2]!, [proof(1, false), proof(5)]);
  await using front = await world.start();
  const why = new Map(
    (await planOf(front)).map(({ backupId, kept, reasons }) => [backupId, kept && reasons]),
  );
  assert.deepEqual(why.get(ids[0]!), ['the newest that was proved up to level 2']);
  assert.deepEqual(why.get(ids[1]!), ['the newest that was proved up to level 1']);
  assert.equal(why.get(ids[2]!), false, 'a failed check below is no proof');
});

test('a backup that a run of any deployment reads stays', async () => {
  const world = await openPrunedWorld('{ last: 1 }');
  const [old] = await backUpDays(world, 2);
  await using front = await world.start();
  const asked = { deployment: DEPLOYMENT, backupId: old, level: 1, requestId: 'read-it-again' };
  await front.ask('TrialService', 'startVerify', asked);
  const [, choice] = await planOf(front);
  assert.deepEqual([choice!.backupId, choice!.kept], [old, true]);
  assert.match(choice!.reasons.join(), /verify \w+ of records is open/);
});

test('a held backup is shown with its reason until the hold is lifted; one that is held keeps the first', async () => {
  const world = await openPrunedWorld('{ last: 1 }');
  const [id] = (await backUpDays(world, 1)) as [string];
  await using front = await world.start();
  const shown = async () =>
    (
      await front.ask<{ heldBecause: string }>('BackupService', 'getBackup', {
        deployment: DEPLOYMENT,
        backupId: id,
      })
    ).heldBecause;
  assert.equal(await shown(), '');
  assert.equal((await hold(front, 'latest', 'court')).heldBecause, 'court');
  assert.equal((await hold(front, id, 'other')).heldBecause, 'court');
  assert.equal(await shown(), 'court');
  for (const _ of ['lifted', 'not held any more'])
    await front.ask('BackupService', 'liftHold', { deployment: DEPLOYMENT, backupId: id });
  assert.equal(await shown(), '');
  const kinds = (await world.events()).map(({ kind }) => kind).filter((kind) => kind.startsWith('h'));
  assert.deepEqual(kinds, ['held', 'hold-lifted']);
  await assert.rejects(hold(front, id, ' '), { code: 'MESSAGE_MALFORMED' });
});

test('what was pruned is not found: to be shown, held, verified, drilled or restored', async () => {
  const world = await openPrunedWorld('{ last: 1 }');
  const [old] = (await backUpDays(world, 2)) as [string, string];
  await using front = await world.start();
  await front.prune('the-only-prune');
  const backup = { deployment: DEPLOYMENT, backupId: old };
  const asked = { ...backup, requestId: 'of-a-pruned-backup' };
  const refused = { code: 'BACKUP_NOT_FOUND', message: /it was pruned/ };
  await assert.rejects(front.ask('BackupService', 'getBackup', backup), refused);
  await assert.rejects(hold(front, old), refused);
  await assert.rejects(front.ask('TrialService', 'startVerify', { ...asked, level: 1 }), refused);
  await assert.rejects(front.ask('TrialService', 'startDrill', asked), refused);
  await assert.rejects(front.ask('RestoreService', 'planRestore', backup), refused);
});

for (const harm of ['damaged', 'gone'] as const)
  test(`a manifest that is ${harm} keeps everything from being removed until it is given up; a whole one cannot be`, async () => {
    const world = await openPrunedWorld('{ last: 1 }');
    const [lost, , newest] = (await backUpDays(world, 3)) as [string, string, string];
    await using front = await world.start();
    const giveUp = (backupId: string, reason = 'no copy has it') =>
      front.ask<{ damage: string }>('BackupService', 'giveUpBackup', {
        deployment: DEPLOYMENT,
        backupId,
        reason,
      });
    const manifest = `backups/${DEPLOYMENT}/${lost}.json`;
    if (harm === 'gone') await world.store.delete(manifest);
    else await world.store.put(manifest, Buffer.from('{}'), { createOnly: false });
    const packs = (await world.names('packs/')).length;
    const stuck = await front.prune('the-stuck-prune');
    assert.equal(stuck.state, 'failed');
    assert.match(JSON.stringify(stuck), /MANIFEST_DAMAGED.*holdfast backups give-up/);
    await assert.rejects(giveUp(newest), { code: 'REFUSED', message: /can be read/ });
    await assert.rejects(giveUp(newest.replace(/.$/, 'f')), { code: 'BACKUP_NOT_FOUND' });
    await assert.rejects(giveUp(lost, ' '), { code: 'MESSAGE_MALFORMED' });
    const { damage } = await giveUp(lost);
    assert.match(damage, harm === 'gone' ? /is gone/ : /manifest/);
    await assert.rejects(giveUp(lost), { code: 'BACKUP_NOT_FOUND' });
    for (const id of ['that-names', 'that-removes']) assert.equal((await front.prune(id)).state, 'completed');
    assert.deepEqual(await front.listed(), [newest]);
    assert.ok((await world.names('packs/')).length < packs);
    assert.equal(await world.readBack(newest), 300_000);
  });

const HEADER: RunHeader = {
  runId: '0123456789abcdef0123456789abcdef',
  kind: 'prune',
  deployment: DEPLOYMENT,
  specVersion: 1,
  principal: 'operator',
  openedAt: '2026-07-01T00:00:00.000Z',
  parameters: {},
};

/** A prune's first step, with something in the log just before each tombstone. */
async function forgetWhile(
  world: PrunedWorld,
  meanwhile: readonly LogEvent[],
  runs: readonly RunHeader[] = [],
) {
  const logs = openLogs(world.store);
  const left = [...meanwhile];
  const interrupted: Logs = {
    ...logs,
    async append(deployment, decide) {
      await world.append(...left.splice(0));
      return await logs.append(deployment, decide);
    },
  };
  const spec = parseSpec(
    `deployment: ${DEPLOYMENT}\ndatabase: { url: { env: RECORDS_DATABASE_URL } }\npolicy: { keep: { last: 1 } }\n`,
  );
  const ports = {
    specs: { read: async () => ({ spec, version: 1, yaml: '' }), list: async () => [DEPLOYMENT] },
    manifests: world.manifests,
    inquiry: { verdicts: async () => [] },
    clock: { now: () => world.now },
    readLog: logs.read,
    logs: interrupted,
    runs: { read: async (runId: string) => ({ header: runs.find((header) => header.runId === runId)! }) },
  } as unknown as RetentionPorts;
  const outcome = await forgetBackups(HEADER, {}, ports, new AbortController().signal);
  return (outcome as { forgotten: { backupId: string }[] }).forgotten.map(({ backupId }) => backupId);
}

test('P11: a hold that comes after the plan and before the tombstone wins', async () => {
  const world = await openPrunedWorld('{ last: 1 }');
  const [first, second] = (await backUpDays(world, 3)) as [string, string, string];
  const held: LogEvent = { kind: 'held', backupId: first, principal: 'p', reason: 'court' };
  assert.deepEqual(await forgetWhile(world, [held]), [second]);
});

test('a run of the backup that is opened after the plan and before the tombstone wins', async () => {
  const world = await openPrunedWorld('{ last: 1 }');
  const [first, second] = (await backUpDays(world, 3)) as [string, string, string];
  const opened = { kind: 'opened', runId: 'r', runKind: 'verify', exclusive: false, principal: 'p' } as const;
  const run = { ...HEADER, runId: 'r', kind: 'verify', parameters: { backupId: first } };
  assert.deepEqual(await forgetWhile(world, [opened], [run]), [second]);
});

test('a prune that is repeated forgets nothing twice', async () => {
  const world = await openPrunedWorld('{ last: 1 }');
  const [first, second] = (await backUpDays(world, 3)) as [string, string, string];
  assert.deepEqual(await forgetWhile(world, []), [first, second]);
  assert.deepEqual(await forgetWhile(world, []), []);
  assert.equal((await world.events()).filter(({ kind }) => kind === 'pruned').length, 2);
});

test('a restore whose backup another deployment pruned since ends before it touches anything', async () => {
  const world = await openPrunedWorld('{ last: 1 }');
  const [first] = (await backUpDays(world, 1)) as [string];
  await world.append({ kind: 'pruned', runId: 'p', backupId: first, reason: 'no rule keeps it' });
  const snapshots = [{ deployment: DEPLOYMENT, component: 'files', id: 's', digest: '00' }];
  const parameters = { backupId: first, manifestDigest: 'd', planDigest: 'p', snapshots };
  const header = { ...HEADER, kind: 'restore', deployment: 'staging', parameters };
  const asked = localBodies['preflight-restore']!(
    header,
    {},
    { readLog: openLogs(world.store).read } as never,
    new AbortController().signal,
  );
  await assert.rejects(asked, { code: 'BACKUP_NOT_FOUND' });
});

test('with policy.keep a prune starts by itself, once a day, over any number of restarts', async () => {
  const world = await openPrunedWorld('{ last: 1 }');
  await backUpDays(world, 3);
  const prunes = async () =>
    (await world.events()).flatMap((event) =>
      event.kind === 'opened' && event.runKind === 'prune' ? [event.principal] : [],
    );
  const until = async (count: number) => {
    await using _ = await world.start({});
    while ((await prunes()).length < count) await sleep(10);
    while ((await world.events()).filter(({ kind }) => kind === 'closed').length < count) await sleep(10);
  };
  // Declared by the first, seen by the next one's first look.
  await (await world.start())[Symbol.asyncDispose]();
  for (const _ of ['once', 'and again at once']) await until(1);
  world.now += 25 * 3_600_000;
  await until(2);
  assert.deepEqual(await prunes(), ['policy', 'policy']);
});
