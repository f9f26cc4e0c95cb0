import assert from 'node:assert/strict';
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { after, before, test } from 'node:test';
import { execa } from 'execa';
import { declareWorld, type RunningStack } from '#test/demo/holdfast-scheme.ts';
import { describeSystem, judge, observeWhole, type Observation } from '#test/demo/judge.ts';
import { destroyWorld, workInIt, type World } from '#test/demo/world.ts';
import { createSmallWorld, errorOf, makeFolder, startStackFor } from './scene.ts';

/** A stack with two stores. What one loses the other has; at the end the first is gone, with all that was not a store. */
const owner = new AsyncDisposableStack();
let folder: string;
let world: World;
let store: string;
let second: string;
let deployment: string;
let stack: RunningStack;
let known: Observation;

before(async () => {
  folder = await makeFolder('second-store', owner);
  world = owner.use(await createSmallWorld(folder));
  await workInIt(world, 1);
  known = await observeWhole(world, { name: 'known', system: describeSystem(world) });
  store = join(folder, 'store');
  second = join(folder, 'second');
  const env = { HOLDFAST_SECOND_STORE_URL: `disk:${second}` };
  stack = await startStackFor(world, { home: join(folder, 'home'), store, env });
  owner.defer(() => stack[Symbol.asyncDispose]());
  deployment = await declareWorld(stack, world);
  await stack.holdfast.expect(0, 'backup', deployment);
});
after(() => owner.disposeAsync());

interface VerdictAnswer {
  readonly store: string;
  readonly ok: boolean;
  readonly checks: readonly { readonly name: string }[];
}

interface RunAnswer {
  readonly run: { readonly outcome: Readonly<Record<string, unknown>> };
}
const outcomeOf = ({ answer }: { answer: Readonly<Record<string, unknown>> }) =>
  (answer as unknown as RunAnswer).run.outcome;

test('a replication copies what the second store lacks, and the next one nothing again', async () => {
  const first = outcomeOf(await stack.holdfast.expect(0, 'replicate', deployment));
  assert.deepEqual([first['leftOut'], first['deleted']], [[], 0]);
  assert.ok(Number(first['copied']) > 20);
  const again = outcomeOf(await stack.holdfast.expect(0, 'replicate', deployment));
  // The journal of the first one, and its end in the log.
  assert.ok(Number(again['copied']) < 15, String(again['copied']));
});

test('the copy is proved where it lies, and its verdict says so', async () => {
  const { answer } = await stack.holdfast.expect(0, 'verify', deployment, '--second');
  const { store: where, ok, checks } = (answer as unknown as { verdict: VerdictAnswer }).verdict;
  assert.deepEqual([where, ok], ['second', true]);
  assert.ok(checks.every(({ name }) => name.endsWith(' in the second store')));
});

test('a pack and a manifest that lost their bytes are found by a scrub, named, and put back from the second store', async () => {
  const packs = await readdir(join(store, 'packs'), { recursive: true, withFileTypes: true });
  const pack = packs
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))[0]!;
  const [backup] = await readdir(join(store, 'backups', deployment));
  const files = [pack, join(store, 'backups', deployment, backup!)];
  const whole = await Promise.all(files.map((file) => readFile(file)));
  for (const file of files) await writeFile(file, '');
  assert.equal((await stack.holdfast.say('verify', deployment)).exit === 0, false);
  const outcome = outcomeOf(await stack.holdfast.expect(0, 'scrub', deployment, '--all'));
  const healed = outcome['healed'] as readonly { store: string; object: string }[];
  assert.deepEqual(
    healed.map((each) => `${each.store} ${each.object}`).toSorted(),
    files.map((file) => `first ${relative(store, file)}`).toSorted(),
  );
  assert.deepEqual(await Promise.all(files.map((file) => readFile(file))), whole);
  const again = outcomeOf(await stack.holdfast.expect(0, 'scrub', deployment));
  assert.deepEqual(again['healed'], []);
});

test('what is damaged in both stores fails the scrub, with the backups it harms', async () => {
  const [backup] = await readdir(join(store, 'backups', deployment));
  const object = `snapshots/${deployment}/config/${await configId(backup!)}`;
  const whole = await readFile(join(store, object));
  for (const place of [store, second]) await writeFile(join(place, object), 'gone');
  const spoken = await stack.holdfast.say('scrub', deployment);
  const { code, problems } = errorOf(spoken);
  assert.deepEqual([spoken.exit, code], [5, 'STORE_DAMAGED']);
  assert.ok(problems.some(({ subject }) => subject === `${object} of the first store`));
  assert.match(
    JSON.stringify(spoken.answer),
    new RegExp(`${deployment}/${backup!.slice(0, -'.json'.length)}`),
  );
  for (const place of [store, second]) await writeFile(join(place, object), whole);
  await stack.holdfast.expect(0, 'replicate', deployment);
});

async function configId(backup: string): Promise<string> {
  const text = await readFile(join(store, 'backups', deployment, backup), 'utf8');
  const { snapshots } = (JSON.parse(text) as { manifest: { snapshots: { component: string; id: string }[] } })
    .manifest;
  return snapshots.find(({ component }) => component === 'config')!.id;
}

test('the first store is gone: a rescue from the second with its key brings everything back', async () => {
  await stack[Symbol.asyncDispose]();
  const left = join(folder, 'left');
  await mkdir(left);
  await copyFile(join(second, 'about', 'holdfast.mjs'), join(left, 'holdfast.mjs'));
  await copyFile(join(folder, 'home', 'recovery-key.txt'), join(left, 'key.txt'));
  await copyFile(join(folder, 'home', 'services.env'), join(left, 'secrets.env'));
  for (const gone of [store, join(folder, 'home')]) await rm(gone, { recursive: true });
  await destroyWorld(world);
  const words = ['--store', second, '--key', 'key.txt', '--deployment', deployment];
  const { exitCode, stdout } = await execa(
    'node',
    ['holdfast.mjs', 'rescue', ...words, '--env-file', 'secrets.env', '--yes', '--json'],
    {
      cwd: left,
      env: {
        PATH: `${dirname(process.execPath)}:${world.postgres.bin}`,
        HOME: join(folder, 'nobody'),
        PYTHONDONTWRITEBYTECODE: '1',
      },
      extendEnv: false,
      reject: false,
      stdin: 'ignore',
    },
  );
  assert.equal(exitCode, 0, stdout.slice(-2000));
  assert.doesNotMatch(stdout, /"kind":"cancel-requested"/, 'no run of the lost store had to be ended first');
  const { verdict } = await judge(world, { name: 'rescued', system: describeSystem(world), before: known });
  assert.deepEqual(verdict.differences, []);
  assert.equal(verdict.ok, true);
});
