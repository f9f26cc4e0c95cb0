import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { Secret } from '#libs/kernel/secret.ts';
import { feedTool, findClients, readTool, requireClient } from './tools.ts';

const URL_SECRET = new Secret(process.env['HOLDFAST_TEST_DB_URL'] ?? '');
const signal = new AbortController().signal;
const password = new URL(URL_SECRET.reveal()).password;

async function failure(work: Promise<unknown>): Promise<HoldfastError> {
  return await work.then(
    () => assert.fail('it was to fail'),
    (thrown: unknown) => HoldfastError.from(thrown),
  );
}

test('no client as new as the server: said with what to install and what was found', async () => {
  const error = await failure(requireClient(99, process.env['PG_BIN']));
  assert.equal(error.code, 'DATABASE_CLIENT_TOO_OLD');
  assert.match(error.remedy, /postgresql-client-99/);
});

test('a client of the server’s own major is taken before a newer one', async () => {
  const oldest = Math.min(...(await findClients(process.env['PG_BIN'])).map(({ major }) => major));
  assert.equal((await requireClient(oldest, process.env['PG_BIN'])).major, oldest);
});

test('a program that fails early is named with its last lines, whatever was still to be fed', async () => {
  const tools = await requireClient(1, process.env['PG_BIN']);
  const garbage = async function* () {
    for (let n = 0; n < 64; n += 1) yield Buffer.alloc(1 << 20, 'x');
  };
  const error = await failure(
    feedTool('pg_restore', { tools, url: URL_SECRET, signal, arguments: [] }, garbage()),
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
