import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseSpec } from '#libs/contracts/spec.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { Secret } from '#libs/kernel/secret.ts';
import { withDatabase } from '#libs/postgres/address.ts';
import { connectDatabase } from '#libs/postgres/connect.ts';
import { openSandboxes } from './sandboxes.ts';

const SERVER = new Secret(process.env['HOLDFAST_TEST_DB_URL'] ?? '');
const URL_NAMED = { url: { env: 'TRIAL_URL' } };
const { signal } = new AbortController();

async function scene(postgres: object) {
  const spec = parseSpec(
    JSON.stringify({ deployment: 'd', database: { url: { env: 'LIVE_URL' } }, verify: { postgres } }),
  );
  const secrets: Record<string, Secret> = {
    LIVE_URL: new Secret('postgresql://nobody@127.0.0.1:9/records'),
    TRIAL_URL: SERVER,
  };
  const sandboxes = await openSandboxes({
    requireSecret: (ref) => secrets['env' in ref ? ref.env : ref.file]!,
    pgBin: undefined,
    site: 'local',
  });
  const runId = randomBytes(16).toString('hex');
  return {
    database: `drill_${runId.slice(0, 16)}_1_1`,
    open: (extensions: readonly string[] = [], serverMajor = 9, claim = 1) => {
      const token = { runId, epoch: 1, claim };
      return sandboxes.open({ token, spec, needs: { extensions: [...extensions], serverMajor } }, signal);
    },
    close: () => sandboxes.close({ runId }, spec, signal),
    closeOne: (claim: number) => sandboxes.close({ runId, epoch: 1, claim }, spec, signal),
    async [Symbol.asyncDispose]() {
      await sandboxes.close({ runId }, spec, signal);
      await sandboxes[Symbol.asyncDispose]();
    },
  };
}

async function databasesLike(name: string): Promise<number> {
  await using server = await connectDatabase(SERVER, { signal });
  return (await server.query('SELECT FROM pg_database WHERE starts_with(datname, $1)', [name])).length;
}

test('verify.postgres.url: the copy goes to that server under a name of the run, nothing is started, and it is dropped', async () => {
  await using trial = await scene(URL_NAMED);
  const { sandbox, relocation } = await trial.open(['plpgsql']);
  assert.deepEqual([sandbox.socket, sandbox.database], [null, trial.database]);
  assert.equal(existsSync(join(sandbox.folder, 'pg')), false);
  const { url = { file: '' }, name } = relocation.database!;
  assert.equal(name, trial.database);
  const address = await readFile('file' in url ? url.file : '', 'utf8');
  assert.equal(address.trim(), SERVER.reveal());
  {
    await using server = await connectDatabase(withDatabase(SERVER, 'postgres'), { signal });
    await server.run(`CREATE DATABASE ${trial.database}`);
  }
  assert.equal(await trial.close(), true);
  assert.deepEqual([await databasesLike(trial.database), existsSync(sandbox.folder)], [0, false]);
});

test('each extension that the server lacks is named, and so is a server older than the backup’s', async () => {
  await using trial = await scene(URL_NAMED);
  const refused = async (open: Promise<unknown>) => {
    const { code, problems, details } = HoldfastError.from(await open.catch((thrown: unknown) => thrown));
    return [code, ...problems.map(({ subject }) => subject), details['wanted']];
  };
  assert.deepEqual(await refused(trial.open(['plpgsql', 'no_such_one', 'nor_this'])), [
    'DATABASE_UNSUPPORTED',
    'extension no_such_one',
    'extension nor_this',
    undefined,
  ]);
  assert.deepEqual(await refused(trial.open([], 99)), ['DATABASE_UNSUPPORTED', '99 or newer']);
});

test('verify.postgres.bin: the scratch server is of these programs and no others, and is reached by its socket', async () => {
  await using missing = await scene({ bin: '/no/such/programs' });
  await assert.rejects(missing.open(), { code: 'TOOL_MISSING', message: /folder=\/no\/such\/programs/ });
  await using trial = await scene({ bin: process.env['PG_BIN'] ?? '' });
  const { sandbox } = await trial.open(['plpgsql']);
  assert.equal(sandbox.database, 'records');
  assert.ok(existsSync(join(sandbox.socket!.folder, `.s.PGSQL.${sandbox.socket!.port}`)));
});

test('who comes later takes the place of who was earlier, and each removes its own alone', async () => {
  await using trial = await scene(URL_NAMED);
  const [earlier, later] = [await trial.open([], 9, 1), await trial.open([], 9, 3)];
  assert.deepEqual([existsSync(earlier.sandbox.folder), existsSync(later.sandbox.folder)], [false, true]);
  const late = await trial.open([], 9, 2);
  assert.ok(existsSync(later.sandbox.folder), 'an earlier one leaves a later one alone');
  await trial.closeOne(2);
  assert.deepEqual([existsSync(late.sandbox.folder), existsSync(later.sandbox.folder)], [false, true]);
});
