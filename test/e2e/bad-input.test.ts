import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createCaller } from '#libs/rpc/client.ts';
import { tokenFile } from '#libs/rpc/token.ts';
import { readStack } from '#deploy/local/stack.ts';
import { frontDoorOf } from '#services/operator/cli/front-door.ts';
import { writeSecret } from '#services/operator/cli/init/services-env.ts';
import { holdfastOn, type Spoken } from '#test/demo/holdfast.ts';
import { errorOf, openScene, psql, type Scene } from './scene.ts';

/** Whatever is wrong is named whole, with code, remedy and exit code, and nothing was touched. */
let scene: Scene;

before(async () => {
  scene = await openScene('bad-input');
  await scene.holdfast.expect(0, 'backup', scene.deployment);
});
after(() => scene[Symbol.asyncDispose]());

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

test('a plan that is not the approved one is not carried out', async () => {
  const { home } = scene.stack;
  const { addresses, tokenFile: token } = (await readStack(home))!;
  using caller = createCaller({ addresses, token: tokenFile(token) });
  const before = await traces();
  const { deployment } = scene;
  const request = { deployment, backupId: 'latest', planDigest: '0'.repeat(64), requestId: 'another-plan' };
  await assert.rejects(frontDoorOf(caller).startRestore(request), { code: 'PLAN_CHANGED' });
  assert.deepEqual(await traces(), before);
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
  await scene.holdfast.expect(0, 'init', '--spec', file);
  const refusal = { exit: 4, code: 'REFUSED', problems: ['ROOT_MISSING'] };
  const spoken = await assertRefused(refusal, () => scene.holdfast.say('backup', 'lacking'));
  assert.match(JSON.stringify(errorOf(spoken).problems), /not-there/);
});
