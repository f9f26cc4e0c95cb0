import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { inspect } from 'node:util';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { Secret } from '#libs/kernel/secret.ts';
import { withDatabase } from './address.ts';
import { connectDatabase } from './connect.ts';
import { findClients, readTool, requireClient, runTool } from './tools.ts';

const URL_SECRET = new Secret(process.env['HOLDFAST_TEST_DB_URL'] ?? '');
const signal = new AbortController().signal;
const password = new URL(URL_SECRET.reveal()).password;

async function failure(work: Promise<unknown>): Promise<HoldfastError> {
  return await work.then(
    () => assert.fail('it was to fail'),
    (thrown: unknown) => HoldfastError.from(thrown),
  );
}

/** Empty, and gone with the stack. */
async function makeDatabase(stack: AsyncDisposableStack) {
  const name = `tool_${randomBytes(4).toString('hex')}`;
  const url = withDatabase(URL_SECRET, name);
  const server = stack.use(await connectDatabase(URL_SECRET));
  await server.run(`CREATE DATABASE ${name}`);
  stack.defer(() => server.run(`DROP DATABASE ${name} WITH (FORCE)`));
  const database = stack.use(await connectDatabase(url));
  return { name, url, server, database };
}

test('H12: no client as new as the server: said with what to install and what was found', async () => {
  const error = await failure(requireClient(99, process.env['PG_BIN']));
  assert.equal(error.code, 'DATABASE_CLIENT_TOO_OLD');
  assert.match(error.remedy, /postgresql-client-99/);
});

test('H12: a client of the server’s own major is taken before a newer one', async () => {
  const oldest = Math.min(...(await findClients(process.env['PG_BIN'])).map(({ major }) => major));
  assert.equal((await requireClient(oldest, process.env['PG_BIN'])).major, oldest);
});

test('a program that fails is named with its last lines', async () => {
  const tools = await requireClient(1, process.env['PG_BIN']);
  const error = await failure(
    runTool('pg_restore', { tools, url: URL_SECRET, signal, arguments: [import.meta.filename] }),
  );
  assert.equal(error.code, 'TOOL_FAILED');
  assert.match(JSON.stringify(error.details['lastLines']), /not appear to be a valid archive/);
  assert.ok(!JSON.stringify(error).includes(password));
});

test('output that ends early because the program failed is an error, not a short stream', async () => {
  const tools = await requireClient(1, process.env['PG_BIN']);
  const run = { tools, url: URL_SECRET, signal, arguments: ['--snapshot=no-such-snapshot'] };
  const error = await failure(Array.fromAsync(readTool('pg_dump', run)));
  assert.equal(error.code, 'TOOL_FAILED');
  assert.ok(!JSON.stringify(error).includes(password));
});

test('a restore that meets wrong rows names the error and not the rows', async () => {
  await using stack = new AsyncDisposableStack();
  const { url, server, database } = await makeDatabase(stack);
  await database.run('CREATE TABLE public.people (email text PRIMARY KEY)');
  const tools = await requireClient(server.serverMajor, process.env['PG_BIN']);
  const run = (...given: string[]) => ({ tools, url, signal, arguments: given });
  await using folder = await mkdtempDisposable(join(tmpdir(), 'holdfast-tool-'));
  const archive = join(folder.path, 'archive');
  await writeFile(archive, readTool('pg_dump', run('--format=custom', '--section=post-data')));
  await database.run('ALTER TABLE public.people DROP CONSTRAINT people_pkey');
  await database.run(
    "INSERT INTO public.people SELECT E'canary\\nof\\nthree lines' FROM generate_series(1, 2)",
  );
  const error = await failure(runTool('pg_restore', run('--exit-on-error', archive)));
  assert.equal(error.code, 'TOOL_FAILED');
  assert.match(error.message, /ERROR: +could not create unique index/);
  assert.doesNotMatch(inspect(error, { depth: Infinity }), /canary|three lines/);
});

test('a program whose session was ended, or that finds no server, is told as what passes', async () => {
  await using stack = new AsyncDisposableStack();
  const { name, url, server, database } = await makeDatabase(stack);
  await database.run('CREATE TABLE public.people (email text)');
  await database.run('BEGIN; LOCK TABLE public.people');
  const tools = await requireClient(server.serverMajor, process.env['PG_BIN']);
  const run = { tools, url, signal, arguments: [] };
  const ended = failure(Array.fromAsync(readTool('pg_dump', run)));
  const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND wait_event_type = 'Lock'`;
  while ((await server.query(end, [name])).length === 0) await pause(20);
  assert.equal((await ended).code, 'DATABASE_UNREACHABLE');
  const nowhere = new URL(url.reveal());
  nowhere.port = '1';
  const refused = readTool('pg_dump', { ...run, url: new Secret(nowhere.href) });
  assert.equal((await failure(Array.fromAsync(refused))).code, 'DATABASE_UNREACHABLE');
});
