import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { SERVICE_NAMES } from '#libs/contracts/services.ts';
import { startDetachedStack, stopStack } from './detached-stack.ts';
import { makeTempFolder } from './fixtures/temp-folder.ts';
import { isAlive, findProcess } from './process-identity.ts';
import { readStack, startStack, type StackState } from './stack.ts';

const fixture = (name: string) => [
  process.execPath,
  fileURLToPath(new URL(`fixtures/${name}.ts`, import.meta.url)),
];
const supervisor = fixture('supervisor');
const commands = { service: () => fixture('fake-service'), supervisor };
const SERVICES = ['db-snapshot', 'verifier'] as const;
const PACE = { restartMs: 50, graceMs: 3_000 };

async function readStarts(
  home: string,
  service: string,
): Promise<{ pid: number; helper: number; env: Record<string, string> }[]> {
  const text = await readFile(join(home, `started-${service}`), 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let left = 250; left > 0; left -= 1) {
    if (await holds()) return;
    await delay(40);
  }
  assert.fail('did not happen within ten seconds');
}

async function allGone(state: StackState): Promise<boolean> {
  const identities = state.processes
    .map(({ process: identity }) => identity)
    .filter((identity) => identity !== null);
  return !(await Promise.all(identities.map((identity) => isAlive(identity)))).includes(true);
}

test('a stack gives its services the whole contract, and ports are the same the next time', async () => {
  await using temp = await makeTempFolder();
  const home = join(temp.path, 'home');
  const options = { home, services: SERVICES, commands, pace: PACE };
  const first = await startStack(options);
  const before = first.state();
  const { env } = (await readStarts(home, 'verifier'))[0] ?? { env: {} as Record<string, string> };
  assert.equal(env['HOLDFAST_SERVICE'], 'verifier');
  assert.equal(env['HOLDFAST_LISTEN'], first.addresses.verifier);
  assert.deepEqual(JSON.parse(env['HOLDFAST_ADDRESSES'] ?? ''), first.addresses);
  assert.equal(env['HOLDFAST_STORE_URL'], `disk:${home}/store`);
  assert.deepEqual(
    { ...env, PATH: '' },
    {
      ...Object.fromEntries(
        Object.entries(first.environmentOf('verifier')).filter(([name]) => name.startsWith('HOLDFAST_')),
      ),
      PATH: '',
    },
  );
  assert.match(await readFile(env['HOLDFAST_TOKEN_FILE'] ?? '', 'utf8'), /^[0-9a-f]{64}\n$/);
  for (const file of ['token', 'nats-token', 'nats.conf', 'stack.json', 'services.env'])
    assert.equal((await stat(join(home, file))).mode & 0o777, 0o600, file);
  assert.equal((await stat(home)).mode & 0o777, 0o700);
  await first.stop();
  assert.ok(await allGone(before));
  await using second = await startStack(options);
  assert.deepEqual(second.state().ports, before.ports);
});

test('a second stack on one home is refused, another home is free', async () => {
  await using temp = await makeTempFolder();
  const options = { services: [], commands, pace: PACE };
  await using _first = await startStack({ ...options, home: join(temp.path, 'a') });
  await assert.rejects(startStack({ ...options, home: join(temp.path, 'a') }), { code: 'HOME_IN_USE' });
  await using other = await startStack({ ...options, home: join(temp.path, 'b') });
  assert.equal((await readStack(other.home))?.running, true);
});

test('a killed service comes back, and what it left behind is ended', async () => {
  await using temp = await makeTempFolder();
  await using stack = await startStack({
    home: temp.path,
    services: ['verifier'],
    commands,
    pace: PACE,
  });
  const [first] = await readStarts(stack.home, 'verifier');
  assert.ok(first);
  process.kill(first.pid, 'SIGKILL');
  await until(async () => (await readStarts(stack.home, 'verifier')).length === 2);
  await until(async () => (await findProcess(first.helper)) === undefined);
  await until(async () => stack.state().processes.every(({ status }) => status === 'healthy'));
});

test('five services in one process have an address each, and come back when it is killed', async () => {
  await using temp = await makeTempFolder();
  await using stack = await startStack({ home: temp.path, inline: true, commands, pace: PACE });
  assert.deepEqual(
    stack.state().processes.map(({ name }) => name),
    ['nats-server', 'inline'],
  );
  const [first] = await readStarts(stack.home, 'inline');
  assert.deepEqual(Object.keys(JSON.parse(first?.env['HOLDFAST_ADDRESSES'] ?? '')), [...SERVICE_NAMES]);
  process.kill(first!.pid, 'SIGKILL');
  await until(async () => (await readStarts(stack.home, 'inline')).length === 2);
  await until(async () => stack.state().processes.every(({ status }) => status === 'healthy'));
});

test('a stack whose service does not start fails whole and gives the home back', async () => {
  await using temp = await makeTempFolder();
  const failing = {
    home: temp.path,
    services: ['verifier'],
    commands: { service: () => ['sh', '-c', 'echo bad config; exit 2'], supervisor },
    pace: PACE,
  } as const;
  await assert.rejects(startStack(failing), { code: 'TOOL_FAILED' });
  const left = await readStack(temp.path);
  assert.equal(left?.status, 'stopped');
  assert.ok(left && (await allGone(left)));
  await using _again = await startStack({ home: temp.path, services: [], commands, pace: PACE });
});

test('a detached stack outlives its starter, refuses a second up, and down leaves no process', async () => {
  await using temp = await makeTempFolder();
  const options = { home: temp.path, services: SERVICES, commands };
  const state = await startDetachedStack(options);
  assert.equal(state.status, 'running');
  assert.notEqual(state.supervisor.pid, process.pid);
  await assert.rejects(startDetachedStack(options), { code: 'HOME_IN_USE' });
  assert.equal(await stopStack(temp.path), true);
  assert.ok(await allGone(state));
  assert.equal(await isAlive(state.supervisor), false);
  assert.equal(await stopStack(temp.path), false);
});

test('after its supervisor was killed a stack can be taken down, and brought up again', async () => {
  await using temp = await makeTempFolder();
  const options = { home: temp.path, services: ['verifier'], commands } as const;
  const killed = await startDetachedStack(options);
  process.kill(killed.supervisor.pid, 'SIGKILL');
  await until(async () => (await readStack(temp.path))?.running === false);
  const next = await startDetachedStack(options);
  assert.ok(await allGone(killed));
  process.kill(next.supervisor.pid, 'SIGKILL');
  await until(async () => (await readStack(temp.path))?.running === false);
  assert.equal(await stopStack(temp.path), true);
  assert.ok(await allGone(next));
});

test('a start that is cancelled ends what it had started and frees the home', async () => {
  await using temp = await makeTempFolder();
  const cancel = new AbortController();
  const isHealthy = async () => {
    cancel.abort();
    return false;
  };
  const options = { home: temp.path, services: ['verifier'], commands, pace: PACE } as const;
  await assert.rejects(startStack({ ...options, isHealthy, signal: cancel.signal }), { code: 'CANCELLED' });
  const left = await readStack(temp.path);
  assert.ok(left && left.processes.length === 2 && (await allGone(left)));
  await using _again = await startStack({ home: temp.path, services: [], commands, pace: PACE });
});

test('a cancelled detached start leaves no process', async () => {
  await using temp = await makeTempFolder();
  const cancel = new AbortController();
  // Never healthy: it listens nowhere.
  const options = {
    home: temp.path,
    services: ['verifier'],
    commands: { service: () => ['sleep', '60'], supervisor },
  } as const;
  const start = startDetachedStack({ ...options, signal: cancel.signal });
  await until(async () => (await readStack(temp.path))?.processes.length === 2);
  cancel.abort();
  await assert.rejects(start, { code: 'CANCELLED' });
  const left = await readStack(temp.path);
  assert.ok(left && (await allGone(left)));
  await until(async () => !(await isAlive(left.supervisor)));
});

test('a detached stack that cannot start tells why', async () => {
  await using temp = await makeTempFolder();
  const options = {
    home: temp.path,
    services: ['verifier'],
    commands: { service: () => ['false'], supervisor },
  } as const;
  await assert.rejects(startDetachedStack(options), { code: 'TOOL_FAILED', message: /verifier/ });
});
