import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { appendFile, chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { parseDocument } from 'yaml';
import { readStack } from '#deploy/local/stack.ts';
import { readEnvFile } from '#libs/runtime/env-file.ts';
import type { Spoken } from '#test/demo/holdfast.ts';
import { openTraceReceiver, type TraceReceiver } from '#test/demo/trace-receiver.ts';
import { errorOf, openScene, psql, type Scene } from './scene.ts';

/** What an EDMS may hold and nobody expects: it comes back byte for byte, or is named as left out. */
let scene: Scene;
let odd: string;
let receiver: TraceReceiver;

/** Root reads what nobody may; without these capabilities it is as everybody else. */
const AS_EVERYBODY =
  process.getuid!() === 0 ? ['setpriv', '--bounding-set', '-dac_override,-dac_read_search'] : [];

before(async () => {
  receiver = await openTraceReceiver();
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint };
  scene = await openScene('odd-content', { env, through: AS_EVERYBODY });
  odd = join(scene.world.app, 'storage', 'odd names');
  await mkdir(odd);
  const logs = join(scene.world.app, 'logs');
  await appendFile(join(logs, 'edms.log'), '2020-02-29 12:00:00,001 INFO a day of its own\n');
  await writeFile(join(logs, 'edms.log.1.gz'), gzipSync('2020-02-29 11:59:00 INFO packed away\n'));
});
after(async () => {
  await scene[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

const NAMES: readonly (readonly [name: Buffer, shown: string])[] = [
  [Buffer.from(' two  spaces '), ' two  spaces '],
  [Buffer.from(`it's "quoted"`), `it's "quoted"`],
  [Buffer.from('line\nbreak'), 'line\\x0abreak'],
  [Buffer.from([0x66, 0xfc, 0x72, 0xff]), 'f\\xfcr\\xff'],
  [Buffer.from('договор №7.pdf'), 'договор №7.pdf'],
  [Buffer.from('--help'), '--help'],
];

interface LeftOut {
  readonly what: string;
  readonly reason: string;
  readonly partial: boolean;
}

function manifestOf({ answer }: Spoken) {
  return (answer['backup'] as { manifest: { completeness: string; leftOut: readonly LeftOut[] } }).manifest;
}

test('names with spaces, quotes, line breaks and bytes that are no UTF-8 come back', async () => {
  const { holdfast, deployment, folder } = scene;
  for (const [name] of NAMES)
    await writeFile(below(odd, name), Buffer.concat([name, Buffer.from([0, 1, 255])]));
  await holdfast.expect(0, 'backup', deployment);
  const { answer } = await holdfast.expect(0, 'files', 'list', deployment, 'odd names/');
  const listed = (answer['files'] as readonly { path: string }[]).map(({ path }) => path);
  assert.deepEqual(listed.toSorted(), NAMES.map(([, shown]) => `odd names/${shown}`).toSorted());
  for (const [at, [name, shown]] of NAMES.entries()) {
    const to = join(folder, `fetched-${at}`);
    await holdfast.expect(0, 'files', 'fetch', deployment, 'storage', `odd names/${shown}`, '--to', to);
    assert.deepEqual(await readFile(to), Buffer.concat([name, Buffer.from([0, 1, 255])]));
  }
  await rm(odd, { recursive: true });
  await holdfast.expect(0, 'restore', deployment, '--yes');
  const inOrder = (names: readonly Buffer[]) => names.toSorted((a, b) => Buffer.compare(a, b));
  const back = await readdir(odd, { encoding: 'buffer' });
  assert.deepEqual(inOrder(back), inOrder(NAMES.map(([name]) => name)));
  for (const [name] of NAMES)
    assert.deepEqual(await readFile(below(odd, name)), Buffer.concat([name, Buffer.from([0, 1, 255])]));
});

test('F34: logs of a backup are searched by time, also those that were packed away', async () => {
  const search = async (...words: readonly string[]) => {
    const { answer } = await scene.holdfast.expect(0, 'files', 'search', scene.deployment, 'logs', ...words);
    return (answer['lines'] as readonly { path: string; at: string }[]).map(({ path, at }) => [path, at]);
  };
  const day = await search('--from', '2020-02-29', '--to', '2020-02-29');
  assert.deepEqual(day, [
    ['edms.log', '2020-02-29T12:00:00'],
    ['edms.log.1.gz', '2020-02-29T11:59:00'],
  ]);
  assert.equal((await search('packed', '--from', '2020-02-29T11:59')).length, 1);
  assert.deepEqual(await search('packed', '--from', '2020-02-29T12:00'), []);
  assert.ok((await search('--from', '2021-01-01')).length > 0, 'what the application itself wrote');
});

test('what is no file is named, and makes no backup partial', async () => {
  const { holdfast, deployment } = scene;
  execFileSync('mkfifo', [join(odd, 'pipe')]);
  const server = createServer().listen(join(odd, 'socket'));
  await once(server, 'listening');
  const spoken = await holdfast.expect(0, 'backup', deployment);
  server.close();
  await rm(join(odd, 'pipe'));
  const named = manifestOf(spoken).leftOut.filter(({ what }) => what.includes('odd names/'));
  assert.deepEqual(Object.fromEntries(named.map(({ what, partial }) => [what, partial])), {
    'storage/odd names/pipe': false,
    'storage/odd names/socket': false,
  });
});

test('F20: a file and a table nobody may read and a document in a bucket: partial in exit code, manifest, listing, metric and coverage, by name; refused where the policy wants all', async () => {
  const { holdfast, deployment } = scene;
  const putBack = await withUnreadable(scene);
  const spoken = await holdfast.expect(3, 'backup', deployment);
  const { completeness, leftOut } = manifestOf(spoken);
  assert.equal(completeness, 'partial');
  const lacking = leftOut.filter(({ partial }) => partial).map(({ what }) => what);
  assert.deepEqual(lacking.toSorted(), UNREADABLE);
  const { answer: listed } = await holdfast.expect(0, 'backups', 'list', deployment);
  assert.equal((listed['backups'] as readonly { completeness: string }[])[0]!.completeness, 'partial');
  const told = Object.fromEntries(
    receiver.gauges
      .slice(-4)
      .map(({ name, value, attributes: { 'holdfast.component': component } }) => [
        `${name} ${component}`,
        value,
      ]),
  );
  const gauge = 'holdfast.backup.left_out';
  assert.deepEqual(told, {
    [`${gauge} database`]: 2,
    [`${gauge} files`]: 1,
    [`${gauge} config`]: 0,
    [`${gauge} backup`]: 0,
  });
  const { answer: report } = await holdfast.expect(3, 'report', 'coverage', deployment);
  const missing = (report['categories'] as readonly { status: string; names: readonly string[] }[])
    .filter(({ status }) => status === 'left-out')
    .flatMap(({ names }) => names);
  assert.deepEqual(missing.toSorted(), UNREADABLE);

  const spec = await readFile(scene.specFile, 'utf8');
  const wantingAll = parseDocument(spec);
  wantingAll.setIn(['policy', 'partial'], 'refuse');
  await declare(String(wantingAll));
  const table = errorOf(await holdfast.expect(4, 'backup', deployment));
  assert.deepEqual(
    table.problems.map(({ code, subject }) => [code, subject]),
    [['DATABASE_PRIVILEGE_MISSING', 'public.private_notes']],
  );
  await psql(scene.world, 'DROP TABLE private_notes', scene.world.database);
  await rm(join(odd, 'closed'), { force: true });
  const document = errorOf(await holdfast.expect(5, 'backup', deployment));
  assert.equal(document.code, 'BACKUP_PARTIAL');
  assert.deepEqual(
    document.problems.map(({ subject }) => subject),
    UNREADABLE.filter((what) => what.includes('s3:')),
  );
  await declare(spec);
  await putBack();
  await holdfast.expect(0, 'backup', deployment);
});

const UNREADABLE = [
  'documents.file_path: s3://archive/2026/contract.pdf',
  'public.private_notes',
  'storage/odd names/closed',
];

/** Answers with what gives the document its path again. */
async function withUnreadable({ world }: Scene): Promise<() => Promise<void>> {
  await writeFile(join(odd, 'closed'), 'nobody may read this');
  await chmod(join(odd, 'closed'), 0o000);
  const sql = (statement: string) => psql(world, statement, world.database);
  // The administrator's own, which the application's role was never granted.
  await sql(`CREATE TABLE private_notes (note text); INSERT INTO private_notes VALUES ('a'), ('b')`);
  const [id, path] = (await sql('SELECT id, file_path FROM documents ORDER BY id LIMIT 1')).split('|');
  const point = (to: string) => sql(`UPDATE documents SET file_path = '${to}' WHERE id = '${id}'`);
  await point('s3://archive/2026/contract.pdf');
  return async () => void (await point(path!));
}

async function declare(spec: string): Promise<void> {
  await writeFile(scene.specFile, spec);
  await scene.holdfast.expect(0, 'init', '--spec', scene.specFile);
}

test('a row whose path leaves its root is named, never followed, and the backup says partial everywhere', async () => {
  const { holdfast, deployment, world } = scene;
  const paths = ['storage/../../../../../../../../etc/passwd', '../../etc/passwd'];
  const ids = (await psql(world, 'SELECT id FROM documents ORDER BY id LIMIT 2', world.database)).split('\n');
  const kept = await Promise.all(
    ids.map((id) => psql(world, `SELECT file_path FROM documents WHERE id = '${id}'`, world.database)),
  );
  const set = async (to: readonly string[]) => {
    for (const [at, id] of ids.entries())
      await psql(world, `UPDATE documents SET file_path = '${to[at]}' WHERE id = '${id}'`, world.database);
  };
  await set(paths);
  const spoken = await holdfast.expect(3, 'backup', deployment);
  const { completeness, leftOut } = manifestOf(spoken);
  assert.equal(completeness, 'partial');
  for (const path of paths) {
    const named = leftOut.find(({ what }) => what === `documents.file_path: ${path}`);
    assert.match(named?.reason ?? '', /PATH_ESCAPES_ROOT/, JSON.stringify(leftOut));
    assert.equal(named?.partial, true);
  }
  const { answer } = await holdfast.expect(0, 'backups', 'list', deployment);
  assert.equal((answer['backups'] as readonly { completeness: string }[])[0]!.completeness, 'partial');
  await set(kept);
});

test('H11: no secret shows in a log, an answer, a manifest, a journal, an event or the list of processes', async () => {
  const { stack, holdfast, storeFolder, deployment } = scene;
  const secrets = await secretsOf(scene);
  assert.ok(secrets.length >= 8);
  const { processes } = (await readStack(stack.home))!;
  const places: [string, Buffer][] = [];
  for (const { name, process: identity } of processes)
    places.push([`arguments of ${name}`, await readFile(`/proc/${identity!.pid}/cmdline`)]);
  for (const name of await readdir(join(stack.home, 'logs')))
    places.push([name, await readFile(join(stack.home, 'logs', name))]);
  for (const words of [
    ['backups', 'show', deployment],
    ['runs', 'list'],
    ['vault', 'list', deployment],
    ['doctor'],
  ]) {
    const { lines, stderr } = await holdfast.say(...words);
    places.push([words.join(' '), Buffer.from(JSON.stringify(lines) + stderr)]);
  }
  for (const file of await filesBelow(storeFolder)) places.push([file, await readFile(file)]);
  for (const file of await filesBelow(join(stack.home, 'nats'))) places.push([file, await readFile(file)]);
  assert.ok(places.length > 40, 'it looked');
  const shown = places.flatMap(([place, bytes]) =>
    secrets.filter(([, value]) => bytes.includes(value)).map(([name]) => `${name} in ${place}`),
  );
  assert.deepEqual(shown, []);
});

/** Values that nobody but their owner may see, by name. */
async function secretsOf({ stack, world }: Scene): Promise<readonly (readonly [string, string])[]> {
  const own = readEnvFile(join(world.app, '.env'));
  const services = readEnvFile(join(stack.home, 'services.env'));
  const secret = (name: string) => [name, own.get(name)!] as const;
  const text = async (name: string) =>
    [name, (await readFile(join(stack.home, name), 'utf8')).trim()] as const;
  const key = async (name: string) => [name, /AGE-SECRET-KEY-\S+/.exec((await text(name))[1])![0]] as const;
  return [
    ...['DB_PASSWORD', 'SECRET_KEY', 'EDMS_MASTER_KEY'].map(secret),
    ...[...services].map(([name, url]) => [name, new URL(url).password] as const),
    await text('token'),
    await text('nats-token'),
    await key('keys/identity.txt'),
    await key('recovery-key.txt'),
  ];
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

function below(folder: string, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${folder}/`), name]);
}
