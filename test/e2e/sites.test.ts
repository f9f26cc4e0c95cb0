import assert from 'node:assert/strict';
import { execa } from 'execa';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { copyFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { chooseFreePorts } from '#deploy/local/free-ports.ts';
import { createBucket } from '#deploy/local/s3-bucket.ts';
import { reachableInstallation, type User } from '#deploy/local/unprivileged-user.ts';
import { Secret } from '#libs/kernel/secret.ts';
import { createRepository } from '#libs/repository/open.ts';
import { healthOf } from '#libs/rpc/client.ts';
import { openStore } from '#libs/store/open-store.ts';
import { startNatsServer } from '#libs/testkit/nats-server.ts';
import { sha256 } from '#libs/kernel/ids.ts';
import { PROGRAM_FILE } from '#services/operator/cli/bundled.ts';
import { holdfastOn, type Holdfast } from '#test/demo/holdfast.ts';
import { errorOf } from './scene.ts';

/**
 * One deployment on two hosts: database and documents here, an archive with certificates there, a part of the
 * application with its env file on each.
 * Each host's workers run as a user who may not look into the other's folder; where the test is not root there is one
 * user alone, and the refusals are not asked for.
 */
const MANY_USERS = process.getuid?.() === 0;
const DEPLOYMENT = 'two-sites';
const LOCAL_WORKERS = ['db-snapshot', 'file-snapshot', 'config-vault', 'verifier', 'restore-coordinator'];
const ARCHIVE_WORKERS = ['file-snapshot', 'config-vault', 'verifier'];

interface Site {
  readonly name: string;
  readonly folder: string;
  readonly user: User | undefined;
}

const owned = new AsyncDisposableStack();
let folder: string;
let here: Site;
let archive: Site;
let databaseUrl: string;
let holdfast: Holdfast;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-sites-'));
  owned.defer(() => rm(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o711);
  here = makeSite('local', 'daemon');
  archive = makeSite('archive', 'nobody');
  databaseUrl = await makeDatabase();
  await writeData();
  holdfast = await startSites();
});
after(() => owned.disposeAsync());

test('what is said to be at a site where it is not is refused there, and nothing is taken', async () => {
  await declare({ media: 'archive', old: 'local' });
  const refused = await holdfast.say('backup', DEPLOYMENT);
  // One user alone may read both: there the backup is taken, and only what lies where is shown.
  const problems = MANY_USERS ? errorOf(refused).problems : [];
  const expected = MANY_USERS ? ['media FILE_UNREADABLE EACCES', 'old FILE_UNREADABLE EACCES'] : [];
  const said = problems.map(
    ({ subject, code, message }) => `${subject} ${code} ${/\((\w+)\)/.exec(message)?.[1]}`,
  );
  assert.deepEqual(said.toSorted(), expected, JSON.stringify(refused.answer));
  assert.equal(refused.exit, MANY_USERS ? 4 : 0);
});

test('a deployment across two sites is backed up, and comes back whole or not at all', async () => {
  await declare({});
  const good = await observe();
  const backup = await holdfast.expect(0, 'backup', DEPLOYMENT);
  const { manifest } = backup.answer['backup'] as unknown as {
    manifest: {
      snapshots: readonly { component: string; site?: string }[];
      verification: { checks: readonly { name: string; detail: string }[] };
    };
  };
  assert.deepEqual(
    manifest.snapshots.map(({ component, site }) => [component, site]),
    [
      ['database', undefined],
      ['files', undefined],
      ['files', 'archive'],
      ['config', undefined],
      ['config', 'archive'],
    ],
  );
  const fit = manifest.verification.checks.find(({ name }) => name === 'rows and files')!;
  assert.match(fit.detail, /^2 rows: 2 matched/, 'documents of both sites');

  await harm();
  const harmed = await observe();
  assert.notDeepEqual(harmed, good);
  // The application does not start: everything that was switched, here and there, goes back.
  const failed = await holdfast.say('restore', DEPLOYMENT, '--yes');
  assert.equal(errorOf(failed).code, 'HOOK_FAILED');
  assert.equal(failed.exit, 5);
  assert.deepEqual(await observe(), harmed);

  writeFileSync(join(archive.folder, 'ready'), '');
  await holdfast.expect(0, 'restore', DEPLOYMENT, '--yes');
  assert.deepEqual(await observe(), good);
  assert.equal(statSync(join(archive.folder, 'stopped')).uid, archive.user?.uid ?? process.getuid?.());
  assert.equal(
    existsSync(join(here.folder, 'stopped')),
    false,
    'what was stopped after it is started before it',
  );

  await holdfast.expect(0, 'rollback', DEPLOYMENT, '--yes');
  assert.deepEqual(await observe(), harmed);
  await holdfast.expect(0, 'release', DEPLOYMENT, '--yes');
  const left = await Promise.all(
    ['here/media', 'archive/old'].map((name) => readdir(join(folder, name, '.holdfast')).catch(() => [])),
  );
  assert.deepEqual(left.flat(), []);
});

function makeSite(name: string, login: string): Site {
  const own = join(folder, name === 'local' ? 'here' : name);
  mkdirSync(join(own, 'home'), { recursive: true });
  return {
    name,
    folder: own,
    user: MANY_USERS ? { uid: idOf('-u', login), gid: idOf('-g', login) } : undefined,
  };
}

function idOf(flag: '-u' | '-g', login: string): number {
  return Number(execFileSync('id', [flag, login], { encoding: 'utf8' }));
}

async function makeDatabase(): Promise<string> {
  const admin = process.env['HOLDFAST_TEST_DB_URL']!;
  const name = `sites_${process.pid}`;
  const server = new pg.Client(admin);
  await server.connect();
  await server.query(`CREATE DATABASE ${name}`);
  owned.defer(async () => {
    const { rows } = await server.query('SELECT datname FROM pg_database WHERE starts_with(datname, $1)', [
      name,
    ]);
    for (const { datname } of rows) await server.query(`DROP DATABASE "${datname}" WITH (FORCE)`);
    await server.end();
  });
  const url = new URL(admin);
  url.pathname = `/${name}`;
  return url.href;
}

async function query(...statements: readonly string[]): Promise<unknown> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    let rows: unknown;
    for (const statement of statements) ({ rows } = await client.query(statement));
    return rows;
  } finally {
    await client.end();
  }
}

/** A file of each site that its database names, and configuration at both. */
async function writeData(): Promise<void> {
  write(here, 'media/letter.txt', 'a letter');
  write(here, '.env', `SECRET_KEY=k\nDATABASE_URL=${databaseUrl}\n`);
  write(archive, 'old/deed.txt', 'a deed');
  write(archive, 'tls/key', 'a key');
  write(archive, 'worker.env', 'WORKERS=2\n');
  await query(
    'CREATE TABLE documents (id int PRIMARY KEY, place text, digest text)',
    'CREATE TABLE archived (id int PRIMARY KEY, place text, digest text)',
    `INSERT INTO documents VALUES (1, 'letter.txt', '${sha256('a letter')}')`,
    `INSERT INTO archived VALUES (1, 'deed.txt', '${sha256('a deed')}')`,
  );
}

function write(site: Site, path: string, content: string): void {
  const file = join(site.folder, path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, content);
}

async function harm(): Promise<void> {
  writeFileSync(join(here.folder, 'media/letter.txt'), 'another letter');
  writeFileSync(join(here.folder, '.env'), 'SECRET_KEY=other\n');
  rmSync(join(archive.folder, 'old/deed.txt'));
  writeFileSync(join(archive.folder, 'tls/key'), 'another key');
  rmSync(join(archive.folder, 'worker.env'));

  await query("UPDATE documents SET digest = 'x'", 'DELETE FROM archived');
}

/** Content, mode and owner of every file of the deployment, and every row. */
async function observe(): Promise<unknown> {
  const names = ['here/media', 'here/.env', 'archive/old', 'archive/tls', 'archive/worker.env'];
  const listed = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      const seen = statSync(path, { throwIfNoEntry: false });
      if (seen === undefined) return [];
      if (seen.isFile()) return [path];
      const below = await readdir(path);
      return below.filter((each) => each !== '.holdfast').map((each) => join(path, each));
    }),
  );
  const files = listed.flat().map((path) => {
    const { mode, uid } = statSync(path);
    return { path, mode, uid, content: readFileSync(path, 'utf8') };
  });
  return { files, documents: await query('TABLE documents'), archived: await query('TABLE archived') };
}

/** One process of all five here, three workers there; nobody of a site may enter the other's folder. */
async function startSites(): Promise<Holdfast> {
  const { store, key, environment } = await makeStore();
  const nats = owned.use(await startNatsServer());
  const program = join(folder, 'holdfast.mjs');
  await copyFile(PROGRAM_FILE, program);
  chmodSync(program, 0o755);
  const ports = await chooseFreePorts([...LOCAL_WORKERS, ...ARCHIVE_WORKERS].map(() => undefined));
  const at = (n: number) => `127.0.0.1:${ports[n]}`;
  const local = Object.fromEntries(LOCAL_WORKERS.map((name, n) => [name, at(n)]));
  const there = Object.fromEntries(ARCHIVE_WORKERS.map((name, n) => [name, at(LOCAL_WORKERS.length + n)]));
  const elsewhere = Object.fromEntries(
    Object.entries(there).map(([name, address]) => [`${name}.archive`, address]),
  );
  const shared = { ...environment, HOLDFAST_STORE_URL: store, HOLDFAST_NATS_URL: nats.url };
  for (const site of [here, archive]) prepareHome(site, key);
  const addresses = JSON.stringify({ ...local, ...elsewhere });
  const bin = await reachableInstallation(process.env['PG_BIN']!, here.user);
  const env = { ...shared, HOLDFAST_ADDRESSES: addresses, HOLDFAST_PG_BIN: bin };
  start(here, { program, name: 'inline', env });
  for (const name of ARCHIVE_WORKERS)
    start(archive, { program, name, env: { ...shared, HOLDFAST_LISTEN: there[name]! } });
  for (const address of [...Object.values(local), ...Object.values(there)])
    while ((await healthOf(address)) !== 'SERVING') await sleep(50);
  const home = join(here.folder, 'home');
  return holdfastOn(home, {
    program,
    env: { HOLDFAST_ADDRESSES: addresses, HOLDFAST_TOKEN_FILE: join(home, 'token') },
  });
}

async function makeStore() {
  const [, url = ''] = /minio=([^,]+)/.exec(process.env['HOLDFAST_TEST_S3']!)!;
  const accessKey = process.env['HOLDFAST_TEST_S3_ACCESS_KEY']!;
  const secretKey = process.env['HOLDFAST_TEST_S3_SECRET_KEY']!;
  const address = new URL(url);
  const bucket = `sites-${process.pid}`;
  address.host = bucket;
  const [endpoint, region] = ['endpoint', 'region'].map((name) => address.searchParams.get(name)!) as [
    string,
    string,
  ];
  await createBucket({ endpoint, region, bucket, credentials: { accessKey, secretKey } });
  const store = `s3://${bucket}${address.search}`;
  const { identity } = await createRepository({
    store: openStore(store, { accessKey, secretKey: new Secret(secretKey) }),
  });
  const environment = { HOLDFAST_STORE_ACCESS_KEY: accessKey, HOLDFAST_STORE_SECRET_KEY: secretKey };
  return { store, key: identity.reveal(), environment };
}

/** What each host is given: the key, the token, its own secrets; then the folder is its user's alone. */
function prepareHome({ folder: own, user }: Site, key: string): void {
  write({ folder: own } as Site, 'home/keys/identity.txt', `${key}\n`);
  write({ folder: own } as Site, 'home/token', 'a token of the doors\n');
  write({ folder: own } as Site, 'home/services.env', `SITES_DATABASE_URL=${databaseUrl}\n`);
  for (const name of ['home/keys/identity.txt', 'home/token', 'home/services.env'])
    chmodSync(join(own, name), 0o600);
  if (user !== undefined) execFileSync('chown', ['-R', `${user.uid}:${user.gid}`, own]);
  chmodSync(own, 0o700);
}

function start(
  site: Site,
  { program, name, env }: { program: string; name: string; env: Readonly<Record<string, string>> },
): void {
  const child = execa(process.execPath, [program, 'service', name], {
    ...site.user,
    cwd: join(site.folder, 'home'),
    env: {
      ...env,
      HOLDFAST_SITE: site.name,
      HOLDFAST_HOME: join(site.folder, 'home'),
    },
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'ignore',
    buffer: false,
    reject: false,
  });
  owned.defer(async () => {
    child.kill();
    await child;
  });
}

async function declare(sites: { media?: string; old?: string }): Promise<void> {
  const spec = {
    deployment: DEPLOYMENT,
    database: { url: { env: 'SITES_DATABASE_URL' } },
    files: {
      roots: [
        { name: 'media', path: join(here.folder, 'media'), site: sites.media ?? 'local' },
        { name: 'old', path: join(archive.folder, 'old'), site: sites.old ?? 'archive' },
      ],
      documents: [
        { table: 'documents', path: 'place', sha256: 'digest', root: 'media' },
        { table: 'archived', path: 'place', sha256: 'digest', root: 'old' },
      ],
    },
    config: {
      envFiles: [join(here.folder, '.env'), { path: join(archive.folder, 'worker.env'), site: 'archive' }],
      trees: [{ name: 'tls', path: join(archive.folder, 'tls'), site: 'archive' }],
    },
    hooks: {
      site: 'archive',
      stop: [['touch', join(archive.folder, 'stopped')]],
      start: [['test', '-e', join(archive.folder, 'ready')]],
      elsewhere: [
        {
          site: 'local',
          stop: [['touch', join(here.folder, 'stopped')]],
          start: [['rm', join(here.folder, 'stopped')]],
        },
      ],
    },
  };
  const file = join(folder, 'spec.yaml');
  writeFileSync(file, JSON.stringify(spec));
  await holdfast.expect(0, 'init', '--spec', file);
}
