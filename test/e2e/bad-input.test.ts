import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { createServer } from 'node:net';
import { execa } from 'execa';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { createCaller } from '#libs/rpc/client.ts';
import { tokenFile } from '#libs/rpc/token.ts';
import { openSmallDisk, type SmallDisk } from '#libs/testkit/small-disk.ts';
import { readStack } from '#deploy/local/stack.ts';
import { PROGRAM_FILE } from '#services/operator/cli/bundled.ts';
import { frontDoorOf } from '#services/operator/cli/front-door.ts';
import { writeSecret } from '#services/operator/cli/init/services-env.ts';
import { holdfastOn, type Spoken } from '#test/demo/holdfast.ts';
import { errorOf, openScene, psql, type Scene, type SpokenError } from './scene.ts';

/** Room for what the tests do, and quick to fill. */
const DISK_BYTES = 96 << 20;

/** Whatever is wrong is named whole, with code, remedy and exit code, and nothing was touched. */
let home: SmallDisk;
let store: SmallDisk;
let scene: Scene;
const opened = new AsyncDisposableStack();
/** Of the backup that there is. */
const REQUEST = 'the-first-backup';

before(async () => {
  home = opened.use(await openSmallDisk(DISK_BYTES));
  store = opened.use(await openSmallDisk(DISK_BYTES));
  const places = { home: join(home.folder, 'home'), store: join(store.folder, 'store') };
  scene = opened.use(await openScene('bad-input', places));
  await scene.holdfast.expect(0, 'backup', scene.deployment, '--request-id', REQUEST);
});
after(async () => {
  await store.free();
  await home.free();
  await opened.disposeAsync();
});

interface Refusal {
  readonly exit: number;
  readonly code: string;
  /** Codes of the problems, in any order. */
  readonly problems?: readonly string[];
}

async function assertRefused(refusal: Refusal, act: () => Promise<Spoken>): Promise<Spoken> {
  const before = await traces();
  const spoken = await act();
  const error = errorOf(spoken);
  const said = JSON.stringify(spoken.answer);
  assert.deepEqual([spoken.exit, error.code], [refusal.exit, refusal.code], said);
  assert.notEqual(error.remedy.trim(), '', said);
  for (const problem of error.problems) assert.notEqual(problem.remedy.trim(), '', said);
  if (refusal.problems !== undefined)
    assert.deepEqual(error.problems.map(({ code }) => code).toSorted(), refusal.problems.toSorted(), said);
  assert.deepEqual(await traces(), before, 'nothing was touched');
  return spoken;
}

/** What a restore or a backup would leave: manifests, databases, staging folders. */
async function traces() {
  const { world, storeFolder, deployment } = scene;
  return {
    manifests: await readdir(join(storeFolder, 'backups', deployment)),
    specs: await readdir(join(storeFolder, 'deployments', deployment, 'spec')),
    databases: await psql(world, 'SELECT datname FROM pg_database ORDER BY 1'),
    entries: (await readdir(join(world.app, 'storage'), { recursive: true })).toSorted(),
  };
}

async function specFile(change: (text: string) => string): Promise<string> {
  const file = join(scene.folder, `spec-${randomBytes(4).toString('hex')}.yaml`);
  await writeFile(file, change(await readFile(scene.specFile, 'utf8')));
  return file;
}

test('an unknown key and a wrong type are listed together, each with its line', async () => {
  const file = await specFile((text) => `pollicy: {}\n${text.replace('profile: django', 'profile: 7')}`);
  const refusal = { exit: 2, code: 'SPEC_INVALID', problems: ['SPEC_INVALID', 'SPEC_INVALID'] };
  const spoken = await assertRefused(refusal, () => scene.holdfast.say('init', '--spec', file));
  const lines = (await readFile(file, 'utf8')).split('\n');
  const subjects = errorOf(spoken).problems.map(({ subject }) => subject);
  const profileLine = lines.findIndex((line) => line.startsWith('profile:')) + 1;
  assert.deepEqual(subjects.toSorted(), ['pollicy (line 1)', `profile (line ${profileLine})`]);
});

test('a document rule for a root that is not declared is refused', async () => {
  const file = await specFile((text) => text.replace('root: storage', 'root: storrage'));
  const spoken = await assertRefused({ exit: 2, code: 'SPEC_INVALID', problems: ['SPEC_INVALID'] }, () =>
    scene.holdfast.say('init', '--spec', file),
  );
  assert.match(errorOf(spoken).problems[0]!.message, /storrage/);
});

test('a server that does not answer and a password that is wrong are told apart', async () => {
  const { holdfast, deployment } = scene;
  const wrongs = [
    ['DATABASE_UNREACHABLE', (url: URL) => (url.port = '1')],
    ['DATABASE_LOGIN_REFUSED', (url: URL) => (url.password = 'not-the-password')],
  ] as const;
  for (const [code, change] of wrongs)
    await withAddress(change, async () => {
      const refusal = { exit: 4, code: 'REFUSED', problems: [code] };
      const spoken = await assertRefused(refusal, () => holdfast.say('backup', deployment));
      assert.ok(!JSON.stringify(spoken).includes('not-the-password'));
    });
});

test('every privilege that lacks is named with its GRANT', async () => {
  const { holdfast, world, deployment } = scene;
  for (const statement of [
    `CREATE ROLE reader LOGIN PASSWORD 'reader'`,
    'GRANT USAGE ON SCHEMA public TO reader',
    'GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader',
    'GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO reader',
    'REVOKE SELECT ON documents, document_versions FROM reader',
  ])
    await psql(world, statement, world.database);
  const asReader = (url: URL) => Object.assign(url, { username: 'reader', password: 'reader' });
  await withAddress(asReader, async () => {
    const refusal = { exit: 4, code: 'REFUSED' };
    const spoken = await assertRefused(refusal, () => holdfast.say('backup', deployment));
    const lacking = errorOf(spoken).problems.filter(({ code }) => code === 'DATABASE_PRIVILEGE_MISSING');
    assert.deepEqual(
      lacking.map(({ remedy }) => remedy.replaceAll('"', '')),
      ['document_versions', 'documents'].map((table) => `GRANT SELECT ON TABLE public.${table} TO reader;`),
    );
  });
});

/** As long as the work takes, services.env says another address. */
async function withAddress(change: (url: URL) => unknown, work: () => Promise<void>): Promise<void> {
  const envFile = join(scene.stack.home, 'services.env');
  const kept = await readFile(envFile, 'utf8');
  const url = new URL(/^REGISTRAR_DATABASE_URL=(.*)$/m.exec(kept)![1]!);
  change(url);
  await writeSecret(envFile, 'REGISTRAR_DATABASE_URL', url.href);
  try {
    await work();
  } finally {
    await writeFile(envFile, kept);
  }
}

test('a deployment, a backup and a run that nobody knows are named', async () => {
  const { holdfast, deployment } = scene;
  const unknown = [
    ['DEPLOYMENT_NOT_FOUND', 'backup', 'nobody'],
    ['DEPLOYMENT_NOT_FOUND', 'restore', 'nobody', '--yes'],
    ['BACKUP_NOT_FOUND', 'backups', 'show', deployment, '20200101T000000Z-00000000'],
    ['BACKUP_NOT_FOUND', 'restore', deployment, '--backup', '../../../etc/passwd', '--yes'],
    ['RUN_NOT_FOUND', 'runs', 'show', 'f'.repeat(32)],
    ['RUN_NOT_FOUND', 'runs', 'cancel', 'no-such-run'],
  ] as const;
  for (const [code, ...words] of unknown)
    await assertRefused({ exit: 2, code }, () => holdfast.say(...words));
});

test('a token that is not the stack’s opens nothing', async () => {
  const file = join(scene.folder, 'other-token');
  await writeFile(file, `${'0'.repeat(64)}\n`, { mode: 0o600 });
  const stranger = holdfastOn(scene.stack.home, { env: { HOLDFAST_TOKEN_FILE: file } });
  for (const words of [
    ['backups', 'list'],
    ['backup', scene.deployment],
  ])
    await assertRefused({ exit: 4, code: 'UNAUTHENTICATED' }, () => stranger.say(...words));
});

test('a restore is not begun where nobody can say yes', async () => {
  await assertRefused({ exit: 2, code: 'USAGE' }, () => scene.holdfast.say('restore', scene.deployment));
});

async function openDoor() {
  const { addresses, tokenFile: token } = (await readStack(scene.stack.home))!;
  const caller = createCaller({ addresses, token: tokenFile(token) });
  return { door: frontDoorOf(caller), [Symbol.dispose]: () => caller[Symbol.dispose]() };
}

test('a plan whose spec changed before it was carried out is refused, with what to look at', async () => {
  using open = await openDoor();
  const { deployment, holdfast } = scene;
  const { backupId, planDigest } = await open.door.planRestore({ deployment, backupId: 'latest' });
  const changed = await specFile((text) => text.replace('rpo: 26h', 'rpo: 25h').concat('# another one\n'));
  await holdfast.expect(0, 'init', '--spec', changed);
  const before = await traces();
  const request = { deployment, backupId, planDigest, requestId: 'the-approved-plan' };
  await assert.rejects(open.door.startRestore(request), (thrown: HoldfastError) => {
    assert.deepEqual([thrown.code, thrown.details['approved']], ['PLAN_CHANGED', planDigest]);
    assert.match(thrown.remedy, /holdfast restore --plan/);
    return true;
  });
  assert.deepEqual(await traces(), before);
  await holdfast.expect(0, 'init', '--spec', scene.specFile);
});

test('the request id of one kind of run gives no other kind', async () => {
  const { holdfast, deployment } = scene;
  for (const words of [
    ['restore', deployment, '--yes'],
    ['drill', deployment],
    ['verify', deployment],
  ])
    await assertRefused({ exit: 2, code: 'REQUEST_ID_TAKEN' }, () =>
      holdfast.say(...words, '--request-id', REQUEST),
    );
  const { answer } = await holdfast.expect(0, 'backup', deployment, '--request-id', REQUEST);
  assert.equal((await traces()).manifests.length, 1, JSON.stringify(answer));
});

test('a hostile name is a name that nobody has, for every question', async () => {
  using open = await openDoor();
  const { door } = open;
  const before = await traces();
  const hostile = [
    '',
    '.',
    '../registrar',
    'registrar/spec',
    'registrar/../registrar',
    '*',
    '>',
    'a.b',
    '--yes',
  ];
  for (const deployment of [
    ...hostile,
    `x'; DROP DATABASE edms; --`,
    '__proto__',
    'a\0b',
    'a\nb',
    'é',
    'x'.repeat(70_000),
  ]) {
    const page = { deployment, pageSize: 0, pageToken: '' };
    const request = { deployment, requestId: `hostile-${randomBytes(8).toString('hex')}` };
    const trial = { ...request, backupId: 'latest' };
    const asked = await Promise.allSettled([
      door.startBackup(request),
      door.planRestore({ deployment, backupId: 'latest' }),
      door.planRestore({
        deployment: scene.deployment,
        sourceDeployment: `${deployment}/..`,
        backupId: 'latest',
      }),
      door.startVerify({ ...trial, level: 1 }),
      door.startDrill(trial),
      door.startRollback(request),
      door.getBackup(deployment, 'latest'),
      door.listBackups(page),
      door.getDeployment(deployment),
      door.getCoverage(deployment, 'latest'),
    ]);
    const codes = asked.map((each) => each.status === 'rejected' && HoldfastError.from(each.reason).code);
    const named = codes.filter((code) => code === 'DEPLOYMENT_NOT_FOUND' || code === 'BACKUP_NOT_FOUND');
    assert.equal(
      named.length,
      asked.length,
      `${JSON.stringify(deployment.slice(0, 80))}: ${codes.join(' ')}`,
    );
  }
  assert.deepEqual(await traces(), before);
});

test('a nats-server below 2.10 is refused by stack and service before they begin', async () => {
  const { folder, stack } = scene;
  const program = join(folder, 'nats-server-of-yesterday');
  await writeFile(program, '#!/bin/sh\necho nats-server: v2.9.25\n', { mode: 0o700 });
  const env = { ...scene.world.environment, HOLDFAST_TOOL_NATS_SERVER: program };
  const other = holdfastOn(join(folder, 'home-of-yesterday'), { env });
  const store = join(folder, 'store-of-yesterday');
  await assertRefused({ exit: 4, code: 'BUS_TOO_OLD' }, () => other.say('up', '--store', store));
  const info = { server_id: 'old', version: '2.9.25', proto: 1, max_payload: 1 << 20, headers: true };
  const old = createServer((socket) => {
    socket.write(`INFO ${JSON.stringify(info)}\r\n`);
    socket.on('data', (data) => void (data.includes('PING') && socket.write('PONG\r\n')));
    socket.on('error', () => {});
  }).listen(0, '127.0.0.1');
  await once(old, 'listening');
  const { port } = old.address() as { port: number };
  const ended = await execa(process.execPath, [PROGRAM_FILE, 'service', 'verifier'], {
    env: {
      HOLDFAST_HOME: stack.home,
      HOLDFAST_STORE_URL: `disk:${scene.storeFolder}`,
      HOLDFAST_NATS_URL: `nats://127.0.0.1:${port}`,
      HOLDFAST_KEY_FILE: join(stack.home, 'keys', 'identity.txt'),
    },
    reject: false,
    timeout: 30_000,
  });
  old.close();
  assert.equal(ended.exitCode, 4, ended.stderr);
  assert.match(ended.stderr, /"code":"BUS_TOO_OLD".*install nats-server 2\.10 or newer/);
});

test('a home has one stack, and a store with a repository wants its key', async () => {
  const { holdfast, folder, storeFolder, world } = scene;
  await assertRefused({ exit: 4, code: 'HOME_IN_USE' }, () =>
    holdfast.say('up', '--detach', '--store', storeFolder),
  );
  const other = holdfastOn(join(folder, 'other-home'), { env: world.environment });
  await assertRefused({ exit: 4, code: 'KEY_MISSING' }, () =>
    other.say('up', '--detach', '--store', storeFolder),
  );
  await assertRefused({ exit: 2, code: 'USAGE' }, () =>
    other.say('up', '--detach', '--store', 'ftp://somewhere/x'),
  );
});

test('a required folder that is missing stops the backup before it begins', async () => {
  const missing = join(scene.folder, 'not-there');
  const file = await specFile((text) =>
    text
      .replace('deployment: registrar', 'deployment: lacking')
      .replace('  roots:\n', `  roots:\n    - { name: gone, path: ${missing} }\n`),
  );
  const { answer } = await scene.holdfast.expect(0, 'init', '--spec', file);
  const [shared] = answer['warnings'] as SpokenError['problems'];
  assert.deepEqual([shared?.code, shared?.subject], ['PLACE_IN_USE', scene.deployment]);
  assert.match(shared!.message, /database \(REGISTRAR_DATABASE_URL\)/);
  const refusal = { exit: 4, code: 'REFUSED', problems: ['ROOT_MISSING'] };
  const spoken = await assertRefused(refusal, () => scene.holdfast.say('backup', 'lacking'));
  assert.match(JSON.stringify(errorOf(spoken).problems), /not-there/);
});

test('of two deployments with one database each has its own backups; one of the other is given only when asked for', async () => {
  const { holdfast, deployment } = scene;
  const mine = (await traces()).manifests[0]!.replace('.json', '');
  const { answer } = await holdfast.expect(0, 'backups', 'list', 'lacking');
  assert.deepEqual(answer['backups'], []);
  const spoken = await assertRefused({ exit: 2, code: 'BACKUP_NOT_FOUND' }, () =>
    holdfast.say('restore', 'lacking', '--backup', mine, '--yes'),
  );
  assert.ok(
    errorOf(spoken).remedy.includes(`holdfast restore ${deployment} --to lacking --backup ${mine}`),
    errorOf(spoken).remedy,
  );
  const { answer: planned } = await holdfast.say('restore', deployment, '--plan');
  const { warnings } = planned['plan'] as { warnings: SpokenError['problems'] };
  assert.ok(warnings.some(({ code, subject }) => code === 'PLACE_IN_USE' && subject === 'lacking'));
});

test('a store without a byte free begins no backup', async () => {
  await store.fill();
  const before = (await traces()).manifests;
  const spoken = await scene.holdfast.say('backup', scene.deployment);
  assert.deepEqual([spoken.exit, errorOf(spoken).code], [5, 'STORE_FULL']);
  assert.deepEqual((await traces()).manifests, before);
  await store.free();
});

test('a store that fills during a backup keeps it waiting and says so; with room again the same backup is whole', async () => {
  const document = join(scene.world.app, 'storage', 'large.bin');
  await writeFile(document, randomBytes(4 << 20));
  const before = (await traces()).manifests;
  await store.fill(1 << 20);
  const backup = scene.holdfast.expect(0, 'backup', scene.deployment);
  while (!(await waitsFor()).includes('STORE_FULL')) await pause(500);
  assert.deepEqual((await traces()).manifests, before);
  await store.free();
  const { run } = (await backup).answer as { run: { state: string } };
  assert.equal(run.state, 'completed');
  assert.equal((await traces()).manifests.length, before.length + 1);
  await rm(document);
});

/** What the newest run says. */
async function waitsFor(): Promise<string> {
  const { answer } = await scene.holdfast.expect(0, 'runs', 'list', scene.deployment, '--limit', '1');
  const [newest] = answer['runs'] as { waitsFor: string }[];
  return newest?.waitsFor ?? '';
}

test('a home without a byte free is said by the doctor, and after a restart all goes on', async () => {
  const { holdfast, deployment, storeFolder } = scene;
  await home.fill();
  const { answer } = await holdfast.say('doctor');
  const found = (answer['findings'] as readonly { subject: string; level: string; remedy?: string }[]).find(
    ({ subject }) => subject === 'home',
  );
  assert.equal(found?.level, 'problem');
  assert.match(found.remedy ?? '', /holdfast down && holdfast up/);
  const started = await holdfast.expect(0, 'backup', deployment, '--no-wait');
  const { runId } = started.answer['run'] as { runId: string };
  await until(async () => {
    const shown = (await holdfast.expect(0, 'runs', 'show', runId)).answer['run'];
    return (shown as { steps: readonly { state: string }[] }).steps[0]!.state === 'completed';
  });
  await home.free();
  await holdfast.expect(0, 'down');
  await holdfast.expect(0, 'up', '--detach', '--store', storeFolder);
  await holdfast.expect(0, 'runs', 'watch', runId);
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await pause(250);
}
