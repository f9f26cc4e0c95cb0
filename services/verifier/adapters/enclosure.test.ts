import assert from 'node:assert/strict';
import { mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';
import { parseSpec } from '#libs/contracts/spec.ts';
import { Secret } from '#libs/kernel/secret.ts';
import { enclosureOf } from './enclosure.ts';

const PYTHON = (await execa('python3', ['-c', 'import sys; print(sys.executable)'])).stdout;
const signal = new AbortController().signal;

/** An application in a folder, its restored copy, and a server on the host as the original's database. */
async function scene(checks: readonly string[][]) {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-enclosure-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const root = join(folder, 'app');
  const sandbox = join(folder, 'sandbox');
  for (const made of ['app/storage', 'sandbox/roots/storage', 'sandbox/home', 'sandbox/tmp', 'sockets'])
    await mkdir(join(folder, made), { recursive: true });
  await writeFile(join(root, 'storage/which'), 'original');
  await writeFile(join(root, 'code.py'), 'original');
  await writeFile(join(sandbox, 'roots/storage/which'), 'restored');
  const tcp = await listen(stack, 0);
  const socket = join(folder, 'sockets/.s.PGSQL.5432');
  await listen(stack, socket);
  const spec = parseSpec(
    JSON.stringify({
      deployment: 'd',
      database: { url: { env: 'TCP' }, restoreUrl: { env: 'SOCKET' } },
      files: { roots: [{ name: 'storage', path: join(root, 'storage') }] },
      application: { root, python: PYTHON },
      checks: checks.map((command, at) => ({ name: `check ${at}`, command })),
    }),
  );
  const urls: Record<string, string> = {
    TCP: `postgresql://u@127.0.0.1:${(tcp.address() as AddressInfo).port}/d`,
    SOCKET: `postgresql:///d?host=${encodeURIComponent(join(folder, 'sockets'))}&port=5432&user=u`,
  };
  const answer = await enclosureOf((ref) => new Secret(urls['env' in ref ? ref.env : '']!)).ask(
    {
      spec,
      application: spec.application!,
      socket: { folder: join(sandbox, 'pg'), port: 1 },
      seed: 's',
      sandbox: {
        folder: sandbox,
        socket: { folder: join(sandbox, 'pg'), port: 1 },
        database: 'd',
        places: [{ from: join(root, 'storage'), to: join(sandbox, 'roots/storage'), single: false }],
        serverVersion: '18',
        serverIdentity: '1',
      },
    },
    signal,
  );
  const owned = stack.move();
  return { folder, root, answer, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function listen(stack: AsyncDisposableStack, at: number | string): Promise<Server> {
  const server = createServer((socket) => socket.end());
  await new Promise<void>((done) => {
    if (typeof at === 'number') server.listen(at, '127.0.0.1', done);
    else server.listen(at, done);
  });
  stack.defer(() => new Promise<void>((closed) => server.close(() => closed())));
  return server;
}

test('what answers outside, by address or by local socket, is not reached inside', async () => {
  await using made = await scene([]);
  assert.ok(made.answer.enclosed, JSON.stringify(made.answer));
  assert.deepEqual(
    made.answer.probes.map(({ reached, answersOutside }) => [reached, answersOutside]),
    [
      [false, true],
      [false, true],
      [false, true],
    ],
  );
});

test('an absolute path of the original is the restored copy, writes stay in it, and no privilege takes it back', async () => {
  const python = (text: string) => [PYTHON, '-c', text];
  await using made = await scene([
    python("print(open('storage/which').read())"),
    python("open('code.py', 'w').write('x'); open('storage/which', 'w').write('x')"),
    ['umount', 'storage'],
    ['nsenter', '-t', '1', '-n', 'true'],
  ]);
  assert.ok(made.answer.enclosed && made.answer.found !== undefined, JSON.stringify(made.answer));
  const [read, write, umount, enter] = made.answer.found.commands;
  assert.deepEqual(read, { exit: 0, said: 'restored' });
  assert.equal(write!.exit, 0);
  assert.notEqual(umount!.exit, 0);
  assert.notEqual(enter!.exit, 0);
  for (const name of ['code.py', 'storage/which'])
    assert.equal(await readFile(join(made.root, name), 'utf8'), 'original');
});

test('nothing of the application runs once a probe got out', async () => {
  await using made = await scene([]);
  await using stack = new AsyncDisposableStack();
  const tcp = await listen(stack, 0);
  const ran = join(made.folder, 'ran');
  const order = {
    mounts: [],
    hide: [],
    forbidden: [{ host: '127.0.0.1', port: (tcp.address() as AddressInfo).port }],
    environment: { PATH: process.env['PATH'] },
    folder: made.folder,
    programs: [],
    commands: [['touch', ran]],
    pages: [],
  };
  // The host's own network: what the script finds when the enclosure has a hole.
  const script = new URL('./sandbox/enclose.py', import.meta.url).pathname;
  const enclose = `import runpy, json; m = runpy.run_path(${JSON.stringify(script)}); m['main'].__globals__['enclose'] = lambda order: None; print(json.dumps(m['main']()))`;
  const { stdout } = await execa(PYTHON, ['-c', enclose], { input: JSON.stringify(order) });
  const said = JSON.parse(stdout) as { probes: readonly { reached: boolean }[] };
  assert.deepEqual(
    said.probes.map(({ reached }) => reached),
    [true],
  );
  await assert.rejects(readFile(ran), /ENOENT/);
});
