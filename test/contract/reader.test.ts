import assert from 'node:assert/strict';
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { execa } from 'execa';
import { requireVenv } from '#deploy/local/tools.ts';
import { quoteName } from '#libs/postgres/quote.ts';
import { readCorpus } from '#services/db-snapshot/fixtures/corpus.ts';
import { newIdentity } from '#libs/repository/open.ts';
import { stopEdms } from '#test/demo/world.ts';
import { makeFolder, openScene, psql, type Scene } from '#test/e2e/scene.ts';
import { lookAt, type Entry } from '#test/fixtures/repositories/look.ts';
import { makeOddTree } from '#libs/trees/fixtures/odd-tree.ts';

/** A reader that was written from FORMAT.md alone, and shares no line with the product, restores what the product wrote. */
const READER = 'test/contract/reader.py';
/** What a role that is no superuser can make, in one database. */
const CORPUS = ['partitions', 'tables', 'values']
  .flatMap((file) => readCorpus(`test/fixtures/database/${file}.sql`))
  .filter(({ needs }) => needs === '')
  .flatMap(({ kinds }) => kinds.map(({ statements }) => statements))
  .join(';\n');

const owner = new AsyncDisposableStack();
let folder: string;
let python: string;
let scene: Scene;
let identity: string;
let backup: readonly string[];
let listed: Listed;
let outs = 0;

interface Listed {
  readonly backupId: string;
  readonly completeness: string;
  readonly snapshots: readonly {
    readonly component: string;
    readonly packs: readonly string[];
    readonly facts: { readonly roots?: readonly { name: string; path: string; state: string }[] };
  }[];
}

interface Table {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly string[];
  readonly format: string;
  readonly rows: number;
  readonly files: readonly string[];
}

before(async () => {
  folder = await makeFolder('reader', owner);
  ({ python } = await requireVenv('reader', 'test/contract/requirements.txt'));
  scene = owner.use(await openScene('read-from-outside'));
  const { world, holdfast, deployment } = scene;
  await psql(world, `SET ROLE ${world.role}; ${CORPUS}`, world.database);
  makeOddTree(join(world.app, 'storage', 'odd'));
  // From here on nothing changes what is compared.
  await stopEdms(world);
  await holdfast.expect(0, 'backup', deployment);
  identity = join(scene.stack.home, 'keys', 'identity.txt');
  const spoken = await read('list', scene.storeFolder, '--identity', identity);
  assert.equal(spoken.exitCode, 0, spoken.stderr);
  [listed] = JSON.parse(spoken.stdout) as [Listed];
  backup = ['--identity', identity, '--deployment', deployment, '--backup', listed.backupId];
});
after(() => owner.disposeAsync());

async function read(...words: readonly string[]) {
  const env = { PYTHONDONTWRITEBYTECODE: '1' };
  const { exitCode, stdout, stderr } = await execa(python, [READER, ...words], { env, reject: false });
  return { exitCode, stdout, stderr };
}

/** Runs a command that restores into a folder of its own. */
async function restored(store: string, ...words: readonly string[]): Promise<string> {
  const into = join(folder, `out-${(outs += 1)}`);
  const [command, ...rest] = words;
  const spoken = await read(command!, store, ...rest, '--into', into);
  assert.equal(spoken.exitCode, 0, spoken.stderr);
  return into;
}

/** Exit code 1, one line, and nothing where it was to be restored. */
async function assertRefused(expected: RegExp, ...words: readonly string[]): Promise<void> {
  const before = readdirSync(folder);
  const spoken = await read(...words);
  assert.equal(spoken.exitCode, 1, spoken.stdout);
  assert.match(spoken.stderr, /^reader\.py: [^\n]+$/);
  assert.match(spoken.stderr, expected);
  assert.deepEqual(readdirSync(folder), before);
}

test('the store says which backups it holds, and carries this reader', async () => {
  assert.ok((await readFile(join(scene.storeFolder, 'about', 'reader.py'))).equals(await readFile(READER)));
  assert.deepEqual(listed.snapshots.map(({ component }) => component).toSorted(), [
    'config',
    'database',
    'files',
  ]);
  assert.equal(listed.completeness, 'complete');
});

for (const component of ['files', 'config'])
  test(`${component}: every entry comes back with its bytes, mode, time and links`, async () => {
    const into = await restored(scene.storeFolder, 'tree', ...backup, '--component', component);
    const roots = rootsIn(into);
    const { facts } = listed.snapshots.find((snapshot) => snapshot.component === component)!;
    const captured = facts.roots!.filter(({ state }) => state === 'captured');
    assert.deepEqual([...roots.keys()].toSorted(), captured.map(({ name }) => name).toSorted());
    assert.ok(captured.length > 1);
    for (const { name, path } of captured) assert.deepEqual(lookAt(roots.get(name)!), lookAt(path), name);
  });

test('the env file comes back byte for byte, with its mode', async () => {
  const env = join(scene.world.app, '.env');
  const back = rootsIn(await restored(scene.storeFolder, 'tree', ...backup, '--component', 'config'));
  assert.ok(readFileSync(env).length > 100);
  assert.ok(readFileSync(back.get(`env:${env}`)!).equals(readFileSync(env)));
  assert.deepEqual(lookAt(back.get(`env:${env}`)!), lookAt(env));
});

test('the database that is loaded from what it wrote is the source: structure, every row, sequences', async () => {
  const into = await restored(scene.storeFolder, 'database', ...backup);
  const { world } = scene;
  await psql(world, 'CREATE DATABASE scratch TEMPLATE template0');
  await loadDatabase(into, 'scratch');
  const content = await contentOf('scratch');
  assert.ok(Object.keys(content).length > 100, `only ${Object.keys(content).length} tables`);
  assert.deepEqual(content, await contentOf(world.database));
  assert.equal(await structureOf('scratch'), await structureOf(world.database));
  const { name } = JSON.parse(readFileSync(join(into, 'globals.json'), 'utf8')) as { name: string };
  assert.equal(name, world.database);
});

test('without an index everything is found by the tables of the packs', async () => {
  const bare = await copyOfStore('bare');
  await rm(join(bare, 'index'), { recursive: true });
  for (const words of [['tree', '--component', 'files'], ['tree', '--component', 'config'], ['database']]) {
    const [command, ...more] = words;
    const [one, other] = [scene.storeFolder, bare].map((store) =>
      restored(store, command!, ...backup, ...more),
    );
    assert.deepEqual(withoutTop(await other!), withoutTop(await one!));
  }
});

test('a byte that is flipped anywhere in a pack is refused', async () => {
  const store = await copyOfStore('flipped');
  const into = ['--component', 'files', '--into', join(folder, 'never')];
  const whole = await read('verify', store, ...backup);
  assert.match(whole.stdout, /packs with \d+ chunks are whole/);
  const [pack] = listed.snapshots.find(({ component }) => component === 'files')!.packs;
  const file = join(store, 'packs', pack!.slice(0, 2), pack!);
  const bytes = await readFile(file);
  for (const at of [0, 40, bytes.length - 60, bytes.length - 12, bytes.length - 1]) {
    await writeFile(file, bytes.with(at, bytes[at]! ^ 1));
    await assertRefused(new RegExp(`pack ${pack}: was changed`), 'verify', store, ...backup);
  }
  await writeFile(file, bytes.with(40, bytes[40]! ^ 1));
  await assertRefused(/chunk [0-9a-f]{64} is not, or not whole/, 'tree', store, ...backup, ...into);
  await rm(join(store, 'index'), { recursive: true });
  await assertRefused(/chunk [0-9a-f]{64} is not, or not whole/, 'tree', store, ...backup, ...into);
  await rm(file);
  await assertRefused(new RegExp(`${pack} is not in the store`), 'verify', store, ...backup);
});

test('another identity, a mistyped one, a changed manifest and snapshot, another format are refused', async () => {
  const store = await copyOfStore('changed');
  const at = (...parts: string[]) => join(store, ...parts);
  const foreign = (await newIdentity()).reveal();
  const key = join(folder, 'key.txt');
  await writeFile(key, foreign);
  await assertRefused(/opens no key slot/, 'list', store, '--identity', key);
  await writeFile(key, `${foreign.slice(0, 20)}${foreign[20] === 'Q' ? 'P' : 'Q'}${foreign.slice(21)}`);
  await assertRefused(/mistyped/, 'list', store, '--identity', key);
  await rm(key);
  const verify = ['verify', store, ...backup];
  const list = ['list', store, '--identity', identity];
  const manifest = at('backups', scene.deployment, `${listed.backupId}.json`);
  const changes = [
    { file: manifest, from: '"complete"', to: '"partial"', said: /InvalidSignature/ },
    { file: at('holdfast.json'), from: '"format": 2', to: '"format": 3', said: /has format 3/ },
    {
      file: at('holdfast.json'),
      from: '"createdAt": "2',
      to: '"createdAt": "1',
      said: /keys belong to another/,
    },
  ];
  for (const { file, from, to, said } of changes) {
    const text = await readFile(file, 'utf8');
    assert.ok(text.includes(from));
    await writeFile(file, text.replace(from, to));
    await assertRefused(said, ...verify);
    await assertRefused(said, ...list);
    await writeFile(file, text);
  }
  await cp(manifest, at('backups', scene.deployment, 'other.json'));
  await assertRefused(/another name/, ...verify.slice(0, -1), 'other');
  assert.deepEqual(JSON.parse((await read(...list)).stdout), [listed], 'what is whole is listed beside it');
  const [snapshot] = globSync(at('snapshots', '*', 'files', '*'));
  await writeFile(snapshot!, (await readFile(snapshot!)).with(50, 0));
  await assertRefused(/not the one that the manifest cites/, ...verify);
});

test('the repository that FORMAT.md has as its example gives its plain bytes', async () => {
  const example = await writeExample(join(folder, 'example'));
  const script = `import sys, reader
repository = reader.Repository(sys.argv[1], reader.read_identities(sys.argv[2]))
cited = {"component": "files", "id": "example", "digest": sys.argv[3]}
stream = repository.snapshot("records", cited)["streams"]["text"]
sys.stdout.write(b"".join(repository.read(stream)).hex())
assert len(repository.verify_pack(sys.argv[4])) == 1`;
  const given = [
    join(folder, 'example'),
    join(folder, 'example.key'),
    example('snapshot digest'),
    example('pack name'),
  ];
  const env = { PYTHONDONTWRITEBYTECODE: '1', PYTHONPATH: dirname(READER) };
  const { stdout } = await execa(python, ['-c', script, ...given], { env });
  assert.equal(stdout, example('plain'));
});

for (const golden of globSync('test/fixtures/repositories/v*'))
  test(`${golden} gives what was written`, async () => {
    const store = join(golden, 'store');
    const expected = JSON.parse(readFileSync(join(golden, 'expected.json'), 'utf8'));
    const { deployment, backup: id } = expected as Record<string, string>;
    const which = [
      '--identity',
      join(golden, 'identities.txt'),
      '--deployment',
      deployment!,
      '--backup',
      id!,
    ];
    assert.match((await read('verify', store, ...which)).stdout, /^backup .* are whole$/);
    for (const component of ['files', 'config']) {
      const roots = rootsIn(await restored(store, 'tree', ...which, '--component', component));
      const found = [...roots].flatMap(([root, path]) => lookAt(path).map((entry) => ({ root, ...entry })));
      const wanted = expected[component] as readonly (Entry & { root: string })[];
      assert.deepEqual(byRoot(found), byRoot(wanted));
    }
  });

/** Only who is privileged may give files to somebody. */
function byRoot(entries: readonly (Entry & { root: string })[]) {
  const owned = (entry: (typeof entries)[number]) =>
    process.getuid!() === 0 ? entry : { ...entry, uid: -1, gid: -1 };
  return entries.map(owned).toSorted((a, b) => (a.root < b.root ? -1 : 1));
}

function rootsIn(into: string): ReadonlyMap<string, string> {
  return new Map(readdirSync(into).map((name) => [decodeURIComponent(name), join(into, name)]));
}

/** Without times of its own: the folder itself, and what a database is written as. */
function withoutTop(into: string) {
  const isTree = !readdirSync(into).includes('tables.ndjson');
  return lookAt(into)
    .slice(1)
    .map((entry) => (isTree ? entry : { ...entry, mtimeNs: '' }));
}

async function copyOfStore(name: string): Promise<string> {
  const store = join(folder, name);
  await cp(scene.storeFolder, store, { recursive: true });
  return store;
}

async function loadDatabase(from: string, database: string): Promise<void> {
  const { postgres } = scene.world;
  const restore = (section: string) =>
    execa(join(postgres.bin, 'pg_restore'), [
      '--exit-on-error',
      `--section=${section}`,
      `--dbname=${postgres.url(database)}`,
      join(from, 'schema.dump'),
    ]);
  const records = <T>(file: string) =>
    readFileSync(join(from, file), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as T);
  await restore('pre-data');
  for (const { schema, name, columns, format, files } of records<Table>('tables.ndjson')) {
    const list = columns.length === 0 ? '' : `(${columns.map(quoteName).join(',')})`;
    const copy = `COPY ${quoteName(schema)}.${quoteName(name)} ${list} FROM STDIN (FORMAT ${format})`;
    const words = ['-qX', '-v', 'ON_ERROR_STOP=1', '-d', postgres.url(database), '-c', copy];
    for (const file of files) await execa(join(postgres.bin, 'psql'), words, { inputFile: join(from, file) });
  }
  await restore('post-data');
  const sequences = records<{ schema: string; name: string; lastValue: string; isCalled: boolean }>(
    'sequences.ndjson',
  );
  const set = sequences.map(({ schema, name, lastValue, isCalled }) => {
    const quoted = `${quoteName(schema)}.${quoteName(name)}`.replaceAll("'", "''");
    return `SELECT setval('${quoted}', ${lastValue}, ${isCalled});`;
  });
  await psql(scene.world, set.join('\n'), database);
}

/** Number and digest of the rows of every table, and where every sequence stands. */
async function contentOf(database: string): Promise<Record<string, string>> {
  const questions = await psql(
    scene.world,
    `SELECT format(CASE relkind WHEN 'S' THEN 'SELECT %1$L, last_value || '' '' || is_called FROM %1$s'
              ELSE 'SELECT %1$L, count(*) || '' '' || coalesce(md5(string_agg(md5(t::text), '''' ORDER BY md5(t::text))), '''') FROM ONLY %1$s t' END, c.oid::regclass)
       FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
      WHERE relkind IN ('r', 'm', 'S') AND nspname !~ '^pg_|^information_schema' ORDER BY c.oid::regclass::text`,
    database,
  );
  // Names may hold line breaks: one answer, in which the server keeps them apart.
  const all = questions.split(/\n(?=SELECT )/).join(' UNION ALL ');
  const answer = await psql(
    scene.world,
    `SELECT json_object_agg(name, said) FROM (${all}) t(name, said)`,
    database,
  );
  return JSON.parse(answer) as Record<string, string>;
}

async function structureOf(database: string): Promise<string> {
  const { postgres } = scene.world;
  const { stdout } = await execa(join(postgres.bin, 'pg_dump'), ['-s', postgres.url(database)]);
  return stdout.replaceAll(/^\\(un)?restrict .*$/gm, '');
}

async function writeExample(store: string): Promise<(name: string) => string> {
  const [, block] = /```example\n([^`]*)```/.exec(readFileSync('libs/repository/FORMAT.md', 'utf8'))!;
  const lines = new Map(
    block!
      .trim()
      .split('\n')
      .map((line) => line.split(' = ') as [string, string]),
  );
  const example = (name: string) => lines.get(name)!;
  const pack = example('pack name');
  const objects = {
    'holdfast.json': 'holdfast.json',
    [`keys/00000002/everyday-${'0'.repeat(32)}`]: 'key slot',
    [`packs/${pack.slice(0, 2)}/${pack}`]: 'pack',
    [`index/${example('index name')}`]: 'index',
    'snapshots/records/files/example': 'snapshot',
  };
  for (const [name, what] of Object.entries(objects)) {
    await mkdir(dirname(join(store, name)), { recursive: true });
    await writeFile(join(store, name), Buffer.from(example(what), 'hex'));
  }
  await writeFile(`${store}.key`, `# of the example\n${example('identity')}\n`);
  return example;
}
