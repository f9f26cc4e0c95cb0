import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { parseDocument } from 'yaml';
import { readStack } from '#deploy/local/stack.ts';
import { openNatsBus } from '#libs/bus/nats.ts';
import type { Bus, Publication } from '#libs/bus/port.ts';
import { SERVICE_NAMES, type ServiceName } from '#libs/contracts/services.ts';
import { subjects } from '#libs/contracts/subjects.ts';
import { Secret } from '#libs/kernel/secret.ts';
import { createCaller } from '#libs/rpc/client.ts';
import { tokenFile } from '#libs/rpc/token.ts';
import { silentLog } from '#libs/telemetry/log.ts';
import { frontDoorOf, type FrontDoor, type Run, type RunEvent } from '#services/operator/cli/front-door.ts';
import { describeSystem, judge, observeWhole, type Observation } from '#test/demo/judge.ts';
import { killProcess } from '#test/demo/kill.ts';
import { workInIt } from '#test/demo/world.ts';
import { errorOf, openScene, psql, type Scene } from './scene.ts';

/** The whole stack under repetition, kills, a failing check and a cancel. */
const owner = new AsyncDisposableStack();
let scene: Scene;
let door: FrontDoor;
let bus: Bus;
let deployment: string;
/** The system as the newest backup holds it. */
let backedUp: Observation;

const TRIGGER = 'edms.migration.pending';

before(async () => {
  scene = owner.use(await openScene('stack'));
  ({ deployment } = scene);
  await changeSpec((spec) => spec.set('triggers', spec.createNode({ [TRIGGER]: { backup: 'all' } })));
  const { home } = scene.stack;
  const { addresses, natsUrl, natsTokenFile, tokenFile: token } = (await readStack(home))!;
  const caller = owner.use(createCaller({ addresses, token: tokenFile(token) }));
  door = frontDoorOf(caller);
  const natsToken = new Secret((await readFile(natsTokenFile, 'utf8')).trim());
  bus = owner.use(await openNatsBus({ url: natsUrl, token: natsToken, name: 'edms', log: silentLog }));
});
after(() => owner.disposeAsync());

async function changeSpec(change: (spec: ReturnType<typeof parseDocument>) => void): Promise<string> {
  const before = await readFile(scene.specFile, 'utf8');
  const spec = parseDocument(before);
  change(spec);
  await writeFile(scene.specFile, String(spec));
  await scene.holdfast.expect(0, 'init', '--spec', scene.specFile);
  return before;
}

async function runs(): Promise<readonly Run[]> {
  return (await door.listRuns({ deployment, pageSize: 200, pageToken: '' })).runs;
}

/** Asks again until somebody answers: the coordinator was killed. */
async function insist<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      if (tries > 120) throw error;
      await pause(500);
    }
  }
}

/** Follows a run to its end, also across a coordinator that was killed; tells each journal entry once. */
async function followed(runId: string, onEvent: (event: RunEvent) => void = () => {}): Promise<Run> {
  let seen = 0;
  for (let tries = 0; ; tries += 1) {
    try {
      for await (const event of door.watchRun(runId, seen)) {
        if (event.sequence <= seen) continue;
        seen = event.sequence;
        onEvent(event);
      }
      const run = await door.getRun(runId);
      if (run.finishedAt !== '') return run;
    } catch (error) {
      if (tries > 120) throw error;
    }
    await pause(500);
  }
}

const kill = (service: ServiceName) => killProcess(scene.stack.home, service);

test('one request, sent a hundred times and over a restart of the coordinator, is one run with one answer', async () => {
  const request = { deployment, requestId: 'a-hundred-times-the-same' };
  const copies = () => Promise.all(Array.from({ length: 50 }, () => door.startBackup(request)));
  const answers = await copies();
  await kill('restore-coordinator');
  answers.push(...(await insist(copies)));
  assert.equal(new Set(answers.map(({ runId, openedAt }) => `${runId} ${openedAt}`)).size, 1);
  assert.equal((await followed(answers[0]!.runId)).state, 'completed');
  assert.equal((await runs()).length, 1);
});

test('one event, published a hundred times, is one backup; one that the spec does not name is none', async () => {
  const event = (id: string, type: string): Publication => ({
    subject: subjects.trigger(deployment),
    type,
    id,
    source: '/registrar/deploy',
    deployment,
    data: { pending: 2 },
  });
  const before = (await runs()).length;
  await bus.publish(event('ignored', 'edms.coffee.ready'));
  const once = event('migration-0042', TRIGGER);
  await Promise.all(Array.from({ length: 50 }, () => bus.publish(once)));
  // A plain publisher: nothing on the way takes the repetitions out.
  for (let count = 0; count < 50; count += 1) bus.emit(once);
  // Events are handled in their order: when this one's run is there, all before it were handled.
  await bus.publish(event('last', TRIGGER));
  let opened: readonly Run[] = [];
  for (let tries = 0; opened.length < 2 && tries < 120; tries += 1) {
    await pause(250);
    const now = await runs();
    opened = now.slice(0, now.length - before);
  }
  const states = [];
  for (const { runId } of opened) states.push((await followed(runId)).state);
  assert.deepEqual(states, ['completed', 'completed']);
  assert.equal((await runs()).length, before + 2);
  assert.ok((await runs()).slice(0, 2).every(({ principal }) => principal === `event:${TRIGGER}`));
});

/** The step that each service has work in, or follows, while a backup runs. */
const BUSY: Readonly<Record<ServiceName, string>> = {
  'db-snapshot': 'database',
  'file-snapshot': 'files',
  'config-vault': 'config',
  verifier: 'verify',
  'restore-coordinator': 'database',
};

test('backups whose services are killed one after the other all end, and none is left in progress', async () => {
  const endings: Promise<Run>[] = [];
  for (const service of SERVICE_NAMES) {
    const { runId } = await door.startBackup({ deployment, requestId: `killed-${service}` });
    const { promise: killed, resolve } = Promise.withResolvers<void>();
    endings.push(
      followed(runId, ({ kind, step }) => {
        if (kind === 'step-scheduled' && step === BUSY[service]) resolve(kill(service));
      }),
    );
    await killed;
  }
  for (const { state, error } of await Promise.all(endings))
    assert.ok(state === 'completed' || (error?.code ?? '') !== '', `${state} without a named error`);
  const open = (await runs()).filter(({ finishedAt }) => finishedAt === '');
  assert.deepEqual(open, []);
  const { answer } = await scene.holdfast.expect(0, 'backups', 'list', deployment);
  for (const backup of answer['backups'] as readonly { completeness: string }[])
    assert.equal(backup.completeness, 'complete');
});

test('a coordinator killed between proof and switch leaves the system wholly old or wholly new', async () => {
  const old = await backUpAndWorkOn(2);
  const { backupId, planDigest } = await door.planRestore({ deployment, backupId: 'latest' });
  const { runId } = await door.startRestore({
    deployment,
    backupId,
    planDigest,
    requestId: 'killed-restore',
  });
  const kills: Promise<void>[] = [];
  const run = await followed(runId, ({ kind, step }) => {
    if (kind === 'step-completed' && step === 'verify.staged') kills.push(kill('restore-coordinator'));
  });
  assert.equal(kills.length, 1);
  await Promise.all(kills);
  assert.ok(['completed', 'failed'].includes(run.state), run.state);
  await assertEqualTo(run.state === 'completed' ? backedUp : old, 'after-kill');
});

test('F19: a check that fails puts everything back as it was before the restore', async () => {
  const old = await backUpAndWorkOn(3);
  // Something else answers there.
  const url = `${scene.world.baseUrl}/health`;
  const spec = await changeSpec((document) =>
    document.set('checks', document.createNode([{ name: 'another answer', http: { url, status: 418 } }])),
  );
  const spoken = await scene.holdfast.expect(5, 'restore', deployment, '--yes');
  assert.equal(errorOf(spoken).code, 'CHECK_FAILED');
  await assertEqualTo(old, 'after-check');
  await writeFile(scene.specFile, spec);
  await scene.holdfast.expect(0, 'init', '--spec', scene.specFile);
});

test('a restore that is cancelled while it stages leaves no trace', async () => {
  const old = await backUpAndWorkOn(4);
  const databases = await psql(scene.world, 'SELECT datname FROM pg_database ORDER BY 1');
  const stages = await staged();
  const { backupId, planDigest } = await door.planRestore({ deployment, backupId: 'latest' });
  const { runId } = await door.startRestore({
    deployment,
    backupId,
    planDigest,
    requestId: 'cancelled-restore',
  });
  const asked: Promise<unknown>[] = [];
  const watching = scene.holdfast.say('runs', 'watch', runId);
  const run = await followed(runId, ({ kind, step }) => {
    if (kind === 'step-scheduled' && step === 'stage.database') asked.push(door.cancelRun(runId));
  });
  await Promise.all(asked);
  assert.equal(run.state, 'cancelled');
  assert.equal((await watching).exit, 130);
  assert.equal(await psql(scene.world, 'SELECT datname FROM pg_database ORDER BY 1'), databases);
  assert.deepEqual(await staged(), stages);
  await assertEqualTo(old, 'after-cancel');
});

/** A backup of a known state, then more work; answers with the state after it. */
async function backUpAndWorkOn(seed: number): Promise<Observation> {
  const { world, holdfast } = scene;
  const system = describeSystem(world);
  backedUp = await observeWhole(world, { name: `backed-up-${seed}`, system });
  await holdfast.expect(0, 'backup', deployment);
  // With a session of its own: the one that the oracle asks with is as old as the backup.
  await workInIt({ ...world, jar: join(scene.folder, `jar-${seed}`) }, seed);
  return await observeWhole(world, { name: `old-${seed}`, system });
}

/** Places that runs staged in, or keep the old state in. */
async function staged(): Promise<readonly string[]> {
  const roots = ['storage', 'logs', 'certificates', 'registrar/settings'];
  const found = roots.map((root) => readdir(join(scene.world.app, root, '.holdfast')).catch(() => []));
  return (await Promise.all(found)).flat();
}

async function assertEqualTo(before: Observation, name: string): Promise<void> {
  const { verdict } = await judge(scene.world, { name, system: describeSystem(scene.world), before });
  assert.deepEqual(verdict.differences, []);
  assert.equal(verdict.ok, true);
}
