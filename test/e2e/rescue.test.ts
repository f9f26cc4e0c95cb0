import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { execa } from 'execa';
import { createBucket } from '#deploy/local/s3-bucket.ts';
import { Secret } from '#libs/kernel/secret.ts';
import { createRepository, newIdentity } from '#libs/repository/open.ts';
import { openStore } from '#libs/store/open-store.ts';
import { declareWorld } from '#test/demo/holdfast-scheme.ts';
import type { Spoken } from '#test/demo/holdfast.ts';
import { describeSystem, judge, observeWhole, type Observation } from '#test/demo/judge.ts';
import { destroyWorld, workInIt, type World } from '#test/demo/world.ts';
import { createSmallWorld, errorOf, makeFolder, startStackFor } from './scene.ts';

/** Everything is lost: stack, home folder, database, role, files. What is left: a store, a key, the spec's secrets. */
const PROGRAM = 'holdfast.mjs';
const KEY = 'recovery-key.txt';
const SECRETS = 'secrets.env';

const owner = new AsyncDisposableStack();
let folder: string;
let world: World;
let store: string;
let deployment: string;
let left: Left;
let known: Observation;
let backups: readonly string[];

/** An otherwise empty folder on a strange machine. */
interface Left {
  readonly folder: string;
  rescue(...words: readonly string[]): Promise<Spoken>;
}

before(async () => {
  folder = await makeFolder('rescue', owner);
  world = owner.use(await createSmallWorld(folder));
  await workInIt(world, 1);
  known = await observeWhole(world, { name: 'known', system: describeSystem(world) });
  store = join(folder, 'store');
  const home = join(folder, 'home');
  left = await makeLeft('left', {});
  {
    await using stack = await startStackFor(world, { home, store });
    deployment = await declareWorld(stack, world);
    const taken = [];
    for (let count = 0; count < 2; count += 1)
      taken.push(await stack.holdfast.expect(0, 'backup', deployment));
    backups = taken.map(({ answer }) => (answer['backup'] as { backupId: string }).backupId);
  }
  await copyFile(join(store, 'about', PROGRAM), join(left.folder, PROGRAM));
  await keepKeys(home, left);
  await rm(home, { recursive: true });
  await destroyWorld(world);
});
after(() => owner.disposeAsync());

test('the store tells what it holds to whoever has its key', async () => {
  const { exit, answer } = await left.rescue('--store', store, '--key', KEY, '--list');
  assert.equal(exit, 0);
  const listed = answer['backups'] as readonly { backupId: string; completeness: string }[];
  assert.deepEqual(
    listed.map(({ backupId, completeness }) => [backupId, completeness]),
    backups.toReversed().map((id) => [id, 'complete']),
  );
});

test('a wrong key, a foreign store and an empty one are named, and nothing is written', async () => {
  await writeFile(join(left.folder, 'wrong-key.txt'), `${(await newIdentity()).reveal()}\n`, { mode: 0o600 });
  await writeFile(join(left.folder, 'no-key.txt'), 'AGE-SECRET-KEY-NONE\n', { mode: 0o600 });
  const foreign = join(folder, 'foreign');
  const identity = await newIdentity();
  await createRepository({ store: openStore(`disk:${foreign}`), identity, recovery: await newIdentity() });
  const empty = join(folder, 'empty');
  await mkdir(empty);
  const other = join(folder, 'other-things');
  await mkdir(other);
  await writeFile(join(other, 'holdfast.json'), '{"somebody":"else"}');
  const cases = [
    { code: 'KEY_WRONG', where: store, key: 'wrong-key.txt' },
    { code: 'KEY_WRONG', where: store, key: 'no-key.txt' },
    { code: 'KEY_MISSING', where: store, key: 'not-there.txt' },
    { code: 'KEY_WRONG', where: foreign, key: KEY },
    { code: 'REPOSITORY_FOREIGN', where: other, key: KEY },
    { code: 'REPOSITORY_MISSING', where: empty, key: KEY },
  ];
  const before = await namesBelow(folder);
  for (const { code, where, key } of cases) {
    const spoken = await left.rescue('--store', where, '--key', key, '--deployment', deployment, '--yes');
    assert.equal(errorOf(spoken).code, code, where);
    assert.equal(spoken.exit, 4, code);
    assert.notEqual(errorOf(spoken).remedy, '');
  }
  assert.deepEqual(await namesBelow(folder), before);
});

test('a plan names every missing secret at once and touches nothing', async () => {
  const before = await namesBelow(world.app);
  const bare = await left.rescue('--store', store, '--key', KEY, '--deployment', deployment, '--plan');
  assert.equal(bare.exit, 4);
  const planned = await left.rescue(...rescueWords(store, KEY), '--plan');
  assert.equal(planned.exit, 0, JSON.stringify(planned.answer));
  const { plan } = planned.answer as { plan: { backupId: string; problems: readonly unknown[] } };
  assert.deepEqual([plan.backupId, plan.problems], [backups[1], []]);
  assert.deepEqual(await namesBelow(world.app), before);
});

test('a torn manifest is listed as damaged, and the backup before it restores everything', async () => {
  await truncate(join(store, 'backups', deployment, `${backups[1]}.json`), 300);
  const { answer } = await left.rescue('--store', store, '--key', KEY, '--list');
  const [newest, older] = answer['backups'] as readonly { backupId: string; damaged?: string }[];
  assert.deepEqual([newest!.backupId, typeof newest!.damaged], [backups[1], 'string']);
  assert.deepEqual([older!.backupId, older!.damaged], [backups[0], undefined]);
  const torn = await left.rescue(...rescueWords(store, KEY), '--yes');
  const { code, problems } = errorOf(torn);
  assert.deepEqual(
    [torn.exit, code, problems.map((each) => each.code)],
    [4, 'REFUSED', ['MANIFEST_DAMAGED']],
  );

  const before = await readdir(left.folder);
  const spoken = await left.rescue(...rescueWords(store, KEY), '--backup', backups[0]!, '--yes');
  assert.equal(spoken.exit, 0, JSON.stringify(spoken.answer));
  await assertAllBack('recovered', known);
  assert.deepEqual(await readdir(left.folder), before, 'it leaves nothing where it ran');
});

test('the everyday key restores as well', async () => {
  await destroyWorld(world);
  const spoken = await left.rescue(...rescueWords(store, 'identity.txt'), '--backup', backups[0]!, '--yes');
  assert.equal(spoken.exit, 0, JSON.stringify(spoken.answer));
  await assertAllBack('everyday', known);
});

test('a bucket restores with its credentials in the environment', async () => {
  const { url, env } = await makeBucket();
  const home = join(folder, 'home-s3');
  const strange = await makeLeft('left-s3', env);
  const seen = await observeWhole(world, { name: 'seen', system: describeSystem(world) });
  {
    await using stack = await startStackFor(world, { home, store: url, env });
    await declareWorld(stack, world);
    await stack.holdfast.expect(0, 'backup', deployment);
  }
  const credentials = {
    accessKey: env.HOLDFAST_STORE_ACCESS_KEY,
    secretKey: new Secret(env.HOLDFAST_STORE_SECRET_KEY),
  };
  await writeFile(join(strange.folder, PROGRAM), await openStore(url, credentials).get(`about/${PROGRAM}`));
  await keepKeys(home, strange);
  await rm(home, { recursive: true });
  await destroyWorld(world);
  const spoken = await strange.rescue(...rescueWords(url, KEY), '--yes');
  assert.equal(spoken.exit, 0, JSON.stringify(spoken.answer));
  await assertAllBack('from-bucket', seen);
});

function rescueWords(where: string, key: string): readonly string[] {
  return ['--store', where, '--key', key, '--deployment', deployment, '--env-file', SECRETS];
}

/** The program is run there, with no home, no cache and no other program than Node and the PostgreSQL clients. */
async function makeLeft(name: string, env: Readonly<Record<string, string>>): Promise<Left> {
  const place = join(folder, name);
  await mkdir(place);
  const PATH = `${dirname(process.execPath)}:${world.postgres.bin}`;
  return {
    folder: place,
    async rescue(...words) {
      const ended = await execa('node', [PROGRAM, 'rescue', ...words, '--json'], {
        cwd: place,
        // The start hook's Python would otherwise leave caches in the settings tree, and the oracle sees everything.
        env: { ...env, PATH, HOME: join(folder, 'nobody'), PYTHONDONTWRITEBYTECODE: '1' },
        extendEnv: false,
        reject: false,
        stdin: 'ignore',
      });
      const lines = ended.stdout
        .split('\n')
        .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []));
      return { exit: ended.exitCode ?? -1, lines, answer: lines.at(-1) ?? {}, stderr: ended.stderr };
    },
  };
}

async function keepKeys(home: string, { folder: place }: Left): Promise<void> {
  await copyFile(join(home, KEY), join(place, KEY));
  await copyFile(join(home, 'keys', 'identity.txt'), join(place, 'identity.txt'));
  await copyFile(join(home, 'services.env'), join(place, SECRETS));
}

/** A bucket of its own on the MinIO that the tests share. */
async function makeBucket() {
  const shared = new URL(/minio=([^,]+)/.exec(process.env['HOLDFAST_TEST_S3']!)![1]!);
  const accessKey = process.env['HOLDFAST_TEST_S3_ACCESS_KEY']!;
  const secretKey = process.env['HOLDFAST_TEST_S3_SECRET_KEY']!;
  const endpoint = shared.searchParams.get('endpoint')!;
  const region = shared.searchParams.get('region')!;
  const bucket = `rescue-${randomBytes(4).toString('hex')}`;
  await createBucket({ endpoint, region, bucket, credentials: { accessKey, secretKey } });
  const url = `s3://${bucket}?endpoint=${endpoint}&region=${region}`;
  return { url, env: { HOLDFAST_STORE_ACCESS_KEY: accessKey, HOLDFAST_STORE_SECRET_KEY: secretKey } };
}

async function assertAllBack(name: string, before: Observation): Promise<void> {
  const { verdict } = await judge(world, { name, system: describeSystem(world), before });
  assert.deepEqual(verdict.differences, []);
  assert.equal(verdict.ok, true);
}

async function namesBelow(place: string): Promise<readonly string[]> {
  return (await readdir(place, { recursive: true })).toSorted();
}
