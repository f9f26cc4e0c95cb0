import assert from 'node:assert/strict';
import { execa } from 'execa';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type NatsConnection } from 'nats';
import { parseDocument } from 'yaml';
import { readStack } from '#deploy/local/stack.ts';
import type { Spoken } from '#test/demo/holdfast.ts';
import { declareWorld, startHoldfast, type RunningStack } from '#test/demo/holdfast-scheme.ts';
import { createWorld, type World } from '#test/demo/world.ts';

const MIGRATION = 'edms.migration.pending';
const SETTINGS = 'edms.settings.changed';
const TRIGGERS = {
  [MIGRATION]: { backup: 'all' },
  [SETTINGS]: { backup: 'all', debounce: '2s' },
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

interface LogEntry {
  readonly event: { kind: string; type?: string; runId?: string; outcome?: string };
}

interface Site {
  readonly world: World;
  readonly stack: RunningStack;
  readonly deployment: string;
  readonly nats: NatsConnection;
}

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

  await context.test('twenty copies, bus and coordinator killed in between: one run', () =>
    twentyCopies(site),
  );
  await context.test('what is malformed is parked with the reason', () => malformed(site));
  await context.test('emit --wait ends well after the commit, and names its backup', () => waits(site));
  await context.test('a burst of waiting emits is one backup', () => burst(site));
  await context.test('a Django migration begins on a committed backup, a changed row tells its event', () =>
    django(site),
  );
  await context.test('an unknown type is refused before anything is said', () => unknownType(site));
  await context.test('whoever waits too long for a backup is told that there is none', () => tooLong(site));
  await context.test('no backup, no go: emit --wait and the migration fail', () => noBackup(site));
});

async function twentyCopies(site: Site): Promise<void> {
  const { stack, deployment } = site;
  const copy = { specversion: '1.0', id: 'release-42', source: 'edms/deploy', type: MIGRATION };
  await publish(site, copy, 7);
  await kill(stack, 'nats-server');
  await publish(site, { ...copy, deployment }, 7);
  await kill(stack, 'restore-coordinator');
  await publish(site, copy, 6);
  await allTaken(site);
  let runs = await runsOf(site);
  for (; runs[0]?.outcome === undefined; runs = await runsOf(site)) await sleep(200);
  assert.deepEqual(
    runs.map(({ outcome }) => outcome),
    ['completed'],
  );
  assert.equal((await logOf(site)).filter(({ event }) => event.kind === 'triggered').length, 1);
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
  await allTaken(site);
  const parked = await parkedOn(nats);
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
}

async function unknownType(site: Site): Promise<void> {
  const before = await messagesOf(site);
  const refused = await site.stack.holdfast.say('emit', site.deployment, 'edms.never.heard', '--wait');
  assert.equal(refused.exit, 4);
  assert.equal((refused.answer['error'] as { code: string }).code, 'TRIGGER_UNKNOWN');
  assert.equal(await messagesOf(site), before);
}

async function tooLong(site: Site): Promise<void> {
  const waited = await site.stack.holdfast.say(
    ...['emit', site.deployment, 'edms.slow', '--wait', '--timeout', '2s'],
  );
  assert.equal(waited.exit, 5);
  assert.equal((waited.answer['error'] as { code: string }).code, 'DEADLINE_EXCEEDED');
  assert.equal((await logOf(site)).at(-1)!.event.type, 'edms.slow');
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

async function appliedIndexes({ world }: Site): Promise<number> {
  const question = "SELECT count(*) FROM django_migrations WHERE app = 'tuning' AND name = '0003_indexes'";
  const psql = join(world.postgres.bin, 'psql');
  const { stdout } = await execa(psql, ['-qXAt', '-d', world.postgres.url(world.database), '-c', question]);
  return Number(stdout);
}

async function declareWith(
  { stack, deployment, world }: Site,
  change: (spec: ReturnType<typeof parseDocument>) => void,
): Promise<void> {
  const versions = join(stack.home, 'store/deployments', deployment, 'spec');
  const newest = Math.max(...(await readdir(versions)).map((name) => Number.parseInt(name, 10)));
  const spec = parseDocument(await readFile(join(versions, `${newest}.yaml`), 'utf8'));
  change(spec);
  const file = join(world.folder, 'spec.yaml');
  await writeFile(file, String(spec));
  await stack.holdfast.expect(0, 'init', '--spec', file);
}

async function connectTo(stack: RunningStack) {
  const token = (await readFile(join(stack.home, 'nats-token'), 'utf8')).trim();
  const { natsUrl } = (await readStack(stack.home))!;
  const connection = await connect({
    servers: natsUrl,
    token,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
  });
  return { connection, [Symbol.asyncDispose]: () => connection.close() };
}

/** Without message ids: the bus is to keep every copy. One that found the server away is sent again. */
async function publish({ nats, deployment }: Site, event: object, copies: number): Promise<void> {
  const jet = nats.jetstream();
  for (let stored = 0; stored < copies;) {
    const done = await jet.publish(`edms.${deployment}`, JSON.stringify(event), { timeout: 1_000 }).then(
      () => true,
      () => false,
    );
    if (done) stored += 1;
    else await sleep(100);
  }
}

async function kill(stack: RunningStack, name: string): Promise<void> {
  const { processes } = (await readStack(stack.home))!;
  process.kill(processes.find((each) => each.name === name)!.process!.pid, 'SIGKILL');
}

/** Every message of the EDMS stream was delivered and settled. */
async function allTaken({ nats }: Site): Promise<void> {
  for (;;) {
    const manager = await nats.jetstreamManager().catch(() => undefined);
    const consumer = await manager?.consumers.info('EDMS', 'restore-coordinator').catch(() => undefined);
    if (consumer?.num_pending === 0 && consumer.num_ack_pending === 0) return;
    await sleep(200);
  }
}

async function messagesOf({ nats }: Site): Promise<number> {
  const manager = await nats.jetstreamManager();
  return (await manager.streams.info('EDMS')).state.messages;
}

async function typesOf({ nats }: Site): Promise<readonly string[]> {
  const manager = await nats.jetstreamManager();
  const { state } = await manager.streams.info('EDMS');
  const sequences = Array.from({ length: state.messages }, (_, at) => state.first_seq + at);
  const messages = await Promise.all(sequences.map((seq) => manager.streams.getMessage('EDMS', { seq })));
  return messages.map((message) => {
    const text = message.string();
    return text.startsWith('{') ? (JSON.parse(text) as { type: string }).type : '';
  });
}

async function parkedOn(nats: NatsConnection) {
  const manager = await nats.jetstreamManager();
  const { state } = await manager.streams.info('PARKED');
  const sequences = Array.from({ length: state.messages }, (_, at) => state.first_seq + at);
  return Promise.all(
    sequences.map(async (seq) => {
      const message = await manager.streams.getMessage('PARKED', { seq });
      const said = (name: string) => message.header.get(`Holdfast-${name}`);
      return { subject: said('Subject'), code: said('Code'), reason: said('Reason'), body: message.string() };
    }),
  );
}

/** Backups that were opened, oldest first; `outcome` once they have ended. */
async function runsOf(site: Site) {
  const entries = await logOf(site);
  const outcomeOf = (runId: string | undefined) =>
    entries.find(({ event }) => event.kind === 'closed' && event.runId === runId)?.event.outcome;
  return entries.flatMap(({ event }) =>
    event.kind === 'opened' ? [{ runId: event.runId!, outcome: outcomeOf(event.runId) }] : [],
  );
}

async function logOf({ stack, deployment }: Site) {
  const folder = join(stack.home, 'store/deployments', deployment, 'log');
  const names = (await readdir(folder)).toSorted();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  return texts.map((text) => JSON.parse(text) as LogEntry);
}

function answerOf({ answer }: Spoken) {
  return answer as unknown as { run: { runId: string; state: string }; backup?: { backupId: string } };
}

function commandEnvironment({ stack }: Site) {
  return {
    HOLDFAST: join(process.cwd(), 'services/operator/cli/main.ts'),
    HOLDFAST_HOME: stack.home,
    PATH: `${dirname(process.execPath)}:${process.env['PATH']}`,
  };
}

async function manage(site: Site, ...words: readonly string[]) {
  const { world, stack, deployment } = site;
  const command = [process.execPath, commandEnvironment(site).HOLDFAST];
  const folders = ['deploy/edms', 'test/fixtures/edms-events'].map((folder) => join(process.cwd(), folder));
  return await execa(world.python, [join(world.app, 'manage.py'), ...words], {
    env: {
      DJANGO_SETTINGS_MODULE: 'settings_with_events',
      PYTHONPATH: folders.join(':'),
      PYTHONDONTWRITEBYTECODE: '1',
      EVENTS_DEPLOYMENT: deployment,
      EVENTS_COMMAND: JSON.stringify(command),
      EVENTS_HOME: stack.home,
    },
    reject: false,
    all: true,
  });
}
