import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { findProcess } from './process-identity.ts';
import { makeTempFolder } from './fixtures/temp-folder.ts';
import { NATS_TEMPLATE, renderNatsConfig } from './nats-server.ts';
import { startPostgres } from './postgres-server.ts';
import { runProgram } from './run-program.ts';
import { startNatsServer, startObjectServer } from './standalone-server.ts';
import { findTool } from './tools.ts';

async function greet(port: number, token: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.setEncoding('utf8');
  await once(socket, 'data');
  socket.write(`CONNECT ${JSON.stringify({ auth_token: token, verbose: false })}\r\nPING\r\n`);
  const [answer] = await once(socket, 'data');
  socket.destroy();
  return String(answer);
}

test('nats-server starts with JetStream, lets in who knows the token, and starts again after a kill', async () => {
  await using temp = await makeTempFolder();
  const first = await startNatsServer({ folder: temp.path });
  assert.match(await greet(first.port, first.token), /^PONG/);
  assert.match(await greet(first.port, 'wrong'), /Authorization Violation/);
  await first.kill();
  assert.equal(await findProcess(first.pid), undefined);
  await using second = await startNatsServer({ folder: temp.path, port: first.port, token: first.token });
  assert.match(await greet(second.port, first.token), /^PONG/);
});

test('the template beside the deployment files is the one that is used', async () => {
  assert.equal(await readFile(new URL('../nats/nats.conf', import.meta.url), 'utf8'), NATS_TEMPLATE);
  const text = renderNatsConfig({ port: 4222, token: 'a$1"b', storeFolder: '/a b/$HOME' });
  assert.match(text, /token: "a\$1\\"b"/);
  assert.match(text, /store_dir: "\/a b\/\$HOME"/);
});

test('PostgreSQL answers over socket and TCP, keeps its rows over a kill, and leaves no process', async () => {
  await using temp = await makeTempFolder();
  const dataFolder = join(temp.path, 'data');
  const { folder } = await findTool('postgres-client');
  const ask = (url: string, query: string) => runProgram(join(folder, 'psql'), ['-XAtc', query, url]);
  const first = await startPostgres({ dataFolder });
  await ask(first.superuserUrl, "create role app login password 'secret'");
  await ask(first.superuserUrl, 'create database "records eu" owner app');
  const app = (server: typeof first) => server.url('records eu', { user: 'app', password: 'secret' });
  await ask(app(first), 'create table documents as select 1 as id');
  await assert.rejects(ask(first.url('postgres', { user: 'app', password: 'wrong' }), 'select 1'), {
    code: 'TOOL_FAILED',
  });
  assert.equal(
    await ask(first.socketUrl('records eu', 'app'), 'select current_user, inet_client_addr() is null'),
    'app|t',
  );
  assert.equal(await ask(first.superuserUrl, 'show fsync'), 'on');
  await first.kill();
  assert.equal(await findProcess(first.pid), undefined);
  const second = await startPostgres({ dataFolder, port: first.port, settings: { work_mem: '8MB' } });
  assert.equal(await ask(app(second), 'select count(*) from documents'), '1');
  assert.equal(await ask(second.superuserUrl, 'show work_mem'), '8MB');
  await second.discard();
  assert.equal(await findProcess(second.pid), undefined);
});

test(
  'a data folder that the server’s user cannot reach is replaced, said, and found again',
  { skip: process.getuid?.() !== 0 && 'only root gives the server another user' },
  async () => {
    await using temp = await makeTempFolder();
    const closed = join(temp.path, 'closed');
    await mkdir(closed, { mode: 0o700 });
    const notes: string[] = [];
    const options = { dataFolder: join(closed, 'data'), onNote: (note: string) => notes.push(note) };
    const first = await startPostgres(options);
    await first.stop();
    const second = await startPostgres(options);
    await second.discard();
    assert.equal(second.dataFolder, first.dataFolder);
    assert.ok(!second.dataFolder.startsWith(temp.path) && notes.join().includes(second.dataFolder));
  },
);

test('a PostgreSQL setting that is not one ends the start with the server’s words', async () => {
  await using temp = await makeTempFolder();
  await assert.rejects(startPostgres({ dataFolder: join(temp.path, 'data'), settings: { nonsense: '1' } }), {
    code: 'TOOL_FAILED',
    message: /unrecognized configuration parameter/,
  });
});

for (const kind of ['minio', 'versitygw'] as const) {
  const present = await findTool(kind, { install: false }).catch(() => undefined);
  test(
    `${kind} starts with its bucket, also after a kill`,
    { skip: present === undefined && 'it is not built on this machine' },
    async () => {
      await using temp = await makeTempFolder();
      const first = await startObjectServer({ kind, folder: temp.path });
      await first.kill();
      await using second = await startObjectServer({ kind, folder: temp.path, port: first.port });
      assert.deepEqual(second.credentials, first.credentials);
    },
  );
}
