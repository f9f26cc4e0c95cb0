import assert from 'node:assert/strict';
import { execa } from 'execa';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { declareWorld, startHoldfast } from '#test/demo/holdfast-scheme.ts';
import { createWorld } from '#test/demo/world.ts';
import {
  allTaken,
  answerOf,
  appliedIndexes,
  commandEnvironment,
  connectTo,
  declareWith,
  kill,
  logOf,
  manage,
  messagesOf,
  parkedOn,
  publish,
  runsOf,
  typesOf,
  type Site,
} from './edms-site.ts';

const MIGRATION = 'edms.migration.pending';
const REINIT = 'edms.reinit.pending';
const VOLUME = 'edms.volume.removal.pending';
const SETTINGS = 'edms.settings.changed';
const KEYS = 'edms.keys.changed';
const TRIGGERS = {
  [MIGRATION]: { backup: 'all' },
  [SETTINGS]: { backup: 'all', debounce: '2s' },
  [KEYS]: { backup: ['config'] },
  [REINIT]: { backup: 'all' },
  [VOLUME]: { backup: 'all' },
  'edms.slow': { backup: 'all', debounce: '1h' },
};

/** A settings row that is taken back tells nothing; one that stays, a new certificate and an import do. */
const WORK_IN_DJANGO = `
from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone
from holdfast_events.imports import bulk_import
from tuning.models import SystemConfiguration
from vault.models import SigningCertificate
with transaction.atomic():
    SystemConfiguration.objects.create(key="taken-back")
    transaction.set_rollback(True)
SystemConfiguration.objects.create(key="theme")
certificate = SigningCertificate(serial_number="7", created_by=get_user_model().objects.first())
certificate.valid_from = certificate.valid_until = timezone.now()
certificate.save()
certificate.save()
with bulk_import("old scans"):
    pass
`;

test('an event of the EDMS is one backup, and what waits for it goes on only when it is committed', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-triggers-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  const onNote = (note: string) => context.diagnostic(note);
  await using world = await createWorld({
    folder: join(folder, 'world'),
    scale: 'seed',
    rows: 0,
    files: 0,
    seed: 1,
    onNote,
  });
  await using stack = await startHoldfast({
    home: join(folder, 'home'),
    store: 'disk',
    env: world.environment,
  });
  const deployment = await declareWorld(stack, world);
  await using nats = await connectTo(stack);
  const site: Site = { world, stack, deployment, nats: nats.connection };
  await declareWith(site, (spec) => spec.set('triggers', TRIGGERS));

  await context.test('a hundred copies, bus and coordinator killed in between: one run', () =>
    hundredCopies(site),
  );
  await context.test('what is malformed is parked with the reason', () => malformed(site));
  await context.test('emit --wait ends well after the commit, and names its backup', () => waits(site));
  await context.test('a burst of waiting emits is one backup', () => burst(site));
  await context.test('an event may ask for some components: restored from alone, and never the latest', () =>
    configAlone(site),
  );
  await context.test('a Django migration begins on a committed backup, a changed row tells its event', () =>
    django(site),
  );
  await context.test('of the hundred copies the last one is settled, and was none too many', () =>
    onceForGood(site),
  );
  await context.test('an unknown type is refused before anything is said', () => unknownType(site));
  await context.test('whoever waits too long for a backup is told that there is none', () => tooLong(site));
  await context.test('H8: a database is set up anew only on a committed backup', () => reinit(site));
  await context.test('no backup, no go: emit --wait and the migration fail', () => noBackup(site));
  await context.test('H8: without a backup no volume is removed', () => volumeStays(site));
});

async function hundredCopies(site: Site): Promise<void> {
  const { stack, deployment } = site;
  const copy = { specversion: '1.0', id: 'release-42', source: 'edms/deploy', type: MIGRATION };
  await publish(site, copy, 34);
  await kill(stack, 'nats-server');
  await publish(site, { ...copy, deployment }, 33);
  await kill(stack, 'restore-coordinator');
  await publish(site, copy, 33);
  let runs = await runsOf(site);
  for (; runs[0]?.outcome === undefined; runs = await runsOf(site)) await sleep(200);
  assert.deepEqual(
    runs.map(({ outcome }) => outcome),
    ['completed'],
  );
}

/** What was in flight when the coordinator was killed comes again after half a minute. */
async function onceForGood(site: Site): Promise<void> {
  await allTaken(site);
  const copies = (await logOf(site)).filter(({ event }) => event.key === '["edms/deploy","release-42"]');
  assert.equal(copies.length, 1);
}

async function malformed(site: Site): Promise<void> {
  const { nats, deployment } = site;
  const runs = await runsOf(site);
  const event = { specversion: '1.0', id: 'm', source: 'edms', type: MIGRATION };
  const jet = nats.jetstream();
  await jet.publish(`edms.${deployment}`, 'no event at all');
  await jet.publish(`edms.${deployment}`, JSON.stringify({ ...event, id: '' }));
  await jet.publish(`edms.${deployment}`, JSON.stringify({ ...event, deployment: 'another' }));
  await jet.publish('edms.nobody', JSON.stringify(event));
  let parked = await parkedOn(nats);
  for (; parked.length < 4; parked = await parkedOn(nats)) await sleep(100);
  assert.deepEqual(
    parked.map(({ subject, code }) => [subject, code]),
    [
      [`edms.${deployment}`, 'MESSAGE_MALFORMED'],
      [`edms.${deployment}`, 'MESSAGE_MALFORMED'],
      [`edms.${deployment}`, 'MESSAGE_MALFORMED'],
      ['edms.nobody', 'DEPLOYMENT_NOT_FOUND'],
    ],
  );
  assert.equal(parked[0]!.body, 'no event at all');
  for (const { reason } of parked) assert.notEqual(reason, '');
  assert.equal((await runsOf(site)).length, runs.length);
}

async function waits(site: Site): Promise<void> {
  const emitted = await site.stack.holdfast.expect(
    0,
    'emit',
    site.deployment,
    MIGRATION,
    '--wait',
    '--id',
    'w1',
  );
  const { run, backup } = answerOf(emitted);
  assert.equal(run.state, 'completed');
  assert.ok(existsSync(join(site.stack.home, 'store/backups', site.deployment, `${backup!.backupId}.json`)));
  const again = await site.stack.holdfast.expect(
    0,
    'emit',
    site.deployment,
    MIGRATION,
    '--wait',
    '--id',
    'w1',
  );
  assert.equal(answerOf(again).run.runId, run.runId);
  const committed = (await logOf(site)).filter(({ event }) => event.kind === 'committed');
  assert.deepEqual(
    await previousOf(site, run.runId),
    await databaseOf(site, committed.at(-2)!.event.backupId!),
  );
}

/** What the run's database step was told of the backup before. */
async function previousOf({ stack }: Site, runId: string) {
  const folder = join(stack.home, 'store/runs', runId);
  const entries = (await readdir(folder)).filter((name) => name.endsWith('.json'));
  const events = await Promise.all(
    entries.map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8')).event),
  );
  const preflight = events.find(({ kind, step }) => kind === 'step-completed' && step === 'preflight');
  return preflight.outcome.previous.id as string;
}

async function databaseOf({ stack, deployment }: Site, backupId: string) {
  const file = join(stack.home, 'store/backups', deployment, `${backupId}.json`);
  const { snapshots } = JSON.parse(await readFile(file, 'utf8')).manifest;
  return snapshots.find(({ component }: { component: string }) => component === 'database').id as string;
}

async function burst(site: Site): Promise<void> {
  const before = await runsOf(site);
  const emits = ['b1', 'b2'].map((id) =>
    site.stack.holdfast.expect(0, 'emit', site.deployment, SETTINGS, '--wait', '--id', id),
  );
  const runIds = (await Promise.all(emits)).map((spoken) => answerOf(spoken).run.runId);
  assert.equal(new Set(runIds).size, 1);
  assert.equal((await runsOf(site)).length, before.length + 1);
}

async function configAlone(site: Site): Promise<void> {
  const { stack, deployment, world } = site;
  const { holdfast } = stack;
  const whole = await holdfast.expect(0, 'backups', 'show', deployment);
  const env = join(world.app, '.env');
  const before = await readFile(env);
  const emitted = await holdfast.expect(0, 'emit', deployment, KEYS, '--wait', '--id', 'k1');
  const { backupId, components } = answerOf(emitted).backup!;
  assert.deepEqual(components, ['config']);
  const latest = await holdfast.expect(0, 'backups', 'show', deployment);
  assert.equal(answerOf(latest).backup!.backupId, answerOf(whole).backup!.backupId);
  await holdfast.expect(0, 'verify', deployment, '--backup', String(backupId));
  const drill = await holdfast.say('drill', deployment, '--backup', String(backupId));
  assert.equal(drill.exit, 4);
  const unsaid = await holdfast.say('restore', deployment, '--backup', String(backupId), '--yes');
  assert.equal((unsaid.answer['error'] as { code: string }).code, 'BACKUP_NOT_WHOLE');
  assert.equal(unsaid.exit, 4);
  await writeFile(env, 'DAMAGED=1\n');
  const only = await holdfast.expect(0, 'restore', deployment, '--only', 'config', '--yes');
  assert.equal((only.answer['run'] as { outcome: { backupId: string } }).outcome.backupId, backupId);
  assert.deepEqual(await readFile(env), before);
  const told = (await logOf(site)).filter(
    ({ event: { kind } }) => kind === 'committed' || kind === 'restored',
  );
  assert.deepEqual(
    told.slice(-2).map(({ event }) => [event.kind, event.components]),
    [
      ['committed', ['config']],
      ['restored', ['config']],
    ],
  );
}

async function django(site: Site): Promise<void> {
  const before = await runsOf(site);
  const migrated = await manage(site, 'migrate', 'tuning', '0002');
  assert.equal(migrated.exitCode, 0, migrated.all);
  const afterMigrate = await runsOf(site);
  assert.equal(afterMigrate.length, before.length + 1);
  assert.equal(afterMigrate.at(-1)!.outcome, 'completed');
  const nothingToDo = await manage(site, 'migrate', 'tuning', '0002');
  assert.equal(nothingToDo.exitCode, 0, nothingToDo.all);
  assert.equal((await runsOf(site)).length, afterMigrate.length);
  const said = await messagesOf(site);
  const worked = await manage(site, 'shell', '--command', WORK_IN_DJANGO);
  assert.equal(worked.exitCode, 0, worked.all);
  const script = join(process.cwd(), 'deploy/edms/emit.sh');
  const finished = await execa(script, ['edms.deployment.finished'], {
    env: { ...commandEnvironment(site), HOLDFAST_DEPLOYMENT: site.deployment },
    reject: false,
  });
  assert.equal(finished.exitCode, 0, finished.stderr);
  const told = (await typesOf(site)).slice(said);
  assert.deepEqual(told.toSorted(), [
    'edms.certificate.created',
    'edms.deployment.finished',
    'edms.import.finished',
    SETTINGS,
  ]);
  // The settings are one more backup; until that is over it answers whatever else is told.
  const isOver = async () => {
    const backups = await runsOf(site);
    return backups.length > afterMigrate.length && backups.every(({ outcome }) => outcome !== undefined);
  };
  while (!(await isOver())) await sleep(200);
}

async function unknownType(site: Site): Promise<void> {
  const before = await messagesOf(site);
  const refused = await site.stack.holdfast.say('emit', site.deployment, 'edms.never.heard', '--wait');
  assert.equal(refused.exit, 4);
  assert.equal((refused.answer['error'] as { code: string }).code, 'TRIGGER_UNKNOWN');
  assert.equal(await messagesOf(site), before);
}

async function tooLong(site: Site): Promise<void> {
  const { holdfast } = site.stack;
  const waited = await holdfast.say('emit', site.deployment, 'edms.slow', '--wait', '--timeout', '2s');
  assert.equal(waited.exit, 5);
  assert.equal((waited.answer['error'] as { code: string }).code, 'DEADLINE_EXCEEDED');
  // The event itself was not lost with the waiting.
  while (!(await logOf(site)).some(({ event }) => event.type === 'edms.slow')) await sleep(100);
}

/** As a deployment's script writes it: the event, and only then the deed. */
async function afterEvent(site: Site, type: string, deed: string) {
  const script = join(process.cwd(), 'deploy/edms/emit.sh');
  return await execa('sh', ['-c', `'${script}' ${type} --wait && ${deed}`], {
    env: { ...commandEnvironment(site), HOLDFAST_DEPLOYMENT: site.deployment },
    cwd: site.stack.home,
    reject: false,
  });
}

async function reinit(site: Site): Promise<void> {
  const before = await runsOf(site);
  await afterEvent(site, REINIT, 'touch set-up-anew');
  const runs = await runsOf(site);
  assert.equal(runs.length, before.length + 1);
  const committed = (await logOf(site)).find(
    ({ event }) => event.kind === 'committed' && event.runId === runs.at(-1)!.runId,
  );
  assert.ok(committed);
  assert.ok(existsSync(join(site.stack.home, 'set-up-anew')));
}

async function volumeStays(site: Site): Promise<void> {
  const ended = await afterEvent(site, VOLUME, 'touch removed');
  assert.notEqual(ended.exitCode, 0);
  assert.equal(existsSync(join(site.stack.home, 'removed')), false);
}

async function noBackup(site: Site): Promise<void> {
  await declareWith(site, (spec) =>
    spec.addIn(['files', 'roots'], spec.createNode({ name: 'gone', path: '/nonexistent/holdfast' })),
  );
  const emitted = await site.stack.holdfast.say('emit', site.deployment, MIGRATION, '--wait');
  assert.ok([4, 5].includes(emitted.exit), `ended with ${emitted.exit}`);
  assert.equal(answerOf(emitted).backup, undefined);
  const migrated = await manage(site, 'migrate', 'tuning');
  assert.notEqual(migrated.exitCode, 0);
  assert.match(migrated.all, /no migration was run/);
  assert.equal(await appliedIndexes(site), 0);
}
