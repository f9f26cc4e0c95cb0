import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Secret } from '#libs/kernel/secret.ts';
import { withDatabase } from '#libs/postgres/address.ts';
import { connectDatabase } from '#libs/postgres/connect.ts';
import { withDatabase as askDatabase } from '../ask-database.ts';
import { lookAtApplication } from './look.ts';

const SERVER = new Secret(process.env['HOLDFAST_TEST_DB_URL'] ?? '');
const DATABASE = `edms_${randomBytes(4).toString('hex')}`;
const ADDRESS = withDatabase(SERVER, DATABASE).reveal();
const { signal } = new AbortController();

/** An application about which looking leaves two questions, which it always leaves. */
const SOUND: Readonly<Record<string, string>> = {
  'manage.py': 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "edms.settings")',
  'edms/__init__.py': '',
  'edms/settings.py': 'SECRET_KEY = os.environ["SECRET_KEY"]\nurlpatterns = [path("healthz", up)]',
  '.env': `SECRET_KEY=x\nDATABASE_URL=${ADDRESS}`,
  'media/a.pdf': 'a',
  'venv/bin/python': '',
};
const ALWAYS = [
  'hooks: how to stop and start the application cannot be seen | hooks: { stop: [[systemctl, stop, edms]], start: [[systemctl, start, edms]] }',
  'checks: no page is asked after a restore | checks: [{ name: health, http: { url: "http://127.0.0.1:8000/healthz" } }]',
];
const NO_ADDRESS =
  'services.env: EDMS_DATABASE_URL=postgresql://USER:PASSWORD@HOST:PORT/NAME; then run the same command again';

/** What differs from the sound one (an undefined file is absent), and what is asked then, besides. */
const CASES: readonly {
  readonly title: string;
  readonly files?: Readonly<Record<string, string | undefined>>;
  readonly paths?: readonly string[];
  readonly asked: readonly string[];
}[] = [
  { title: 'nothing is missing', asked: [] },
  {
    title: 'no env file',
    files: { '.env': undefined },
    asked: [
      `NEEDED database: no database address was found in the env files | ${NO_ADDRESS}`,
      'config.envFiles: no env file lies beside manage.py | config: { envFiles: [/path/to/.env] }',
      'config.require: the settings read SECRET_KEY, which is in no env file | config.envFiles: the file that holds it',
    ],
  },
  {
    title: 'no database variable',
    files: { '.env': 'SECRET_KEY=x' },
    asked: [`NEEDED database: no database address was found in the env files | ${NO_ADDRESS}`],
  },
  {
    title: 'a database of another kind',
    files: { '.env': 'SECRET_KEY=x\nDATABASE_URL=mysql://u:p@h/edms' },
    asked: [`NEEDED database: DATABASE_URL names mysql, and only PostgreSQL is backed up | ${NO_ADDRESS}`],
  },
  {
    title: 'documents that lie nowhere',
    paths: ['media/a.pdf', 'gone/b.pdf'],
    asked: [
      'documents.file_path: 1 rows hold paths like "gone/b.pdf" that lead to no file in any root | files.roots: the folder they are in, and files.documents: - { table: documents, path: file_path, root: NAME, prefix: "gone/" }; nothing if they are no files',
    ],
  },
  {
    title: 'no document yet',
    paths: [],
    asked: [
      'documents.file_path: columns named like file paths have no rows yet, so there was nothing to look at | run holdfast init --app again when they are in use',
    ],
  },
  {
    title: 'a folder that nobody knows',
    files: { 'attic/x.bin': '' },
    asked: [
      'ROOT/attic: folder is neither code nor known; it is kept as an optional root | remove root attic from files.roots if it can be rebuilt',
    ],
  },
  {
    title: 'no Python',
    files: { 'venv/bin/python': undefined },
    asked: [
      'application: the Python that runs the application was not found, so the application itself is not checked | application: { root: ROOT, python: /path/to/venv/bin/python }, or give --python FILE',
    ],
  },
  {
    title: 'a program that is not here',
    files: { 'edms/more.py': 'run("tesseract")' },
    asked: [
      'runtime.require: the application seems to use tesseract, which is not on this host | runtime: { require: [tesseract] }, if a restored host needs it',
    ],
  },
];

describe('what looking at an application cannot decide is asked, with what to add', () => {
  const owned = new AsyncDisposableStack();
  before(async () => {
    const server = owned.use(await connectDatabase(withDatabase(SERVER, 'postgres'), { signal }));
    await server.run(`CREATE DATABASE ${DATABASE}`);
    owned.defer(() => server.run(`DROP DATABASE ${DATABASE} WITH (FORCE)`));
    await onDatabase('CREATE TABLE public.documents (file_path text)');
  });
  after(() => owned.disposeAsync());

  for (const { title, files = {}, paths = ['media/a.pdf'], asked } of CASES)
    test(title, async () => {
      await using stack = new AsyncDisposableStack();
      const root = await mkdtemp(join(tmpdir(), 'holdfast-look-'));
      stack.defer(() => rm(root, { recursive: true, force: true }));
      for (const [name, text] of Object.entries({ ...SOUND, ...files })) {
        if (text === undefined) continue;
        await mkdir(dirname(join(root, name)), { recursive: true });
        await writeFile(join(root, name), text, { mode: 0o700 });
      }
      const rows = paths.map((path) => `INSERT INTO public.documents VALUES ('${path}')`);
      await onDatabase(['TRUNCATE public.documents', ...rows].join('; '));
      const { found } = await lookAtApplication({
        root,
        name: undefined,
        databaseVariable: undefined,
        python: undefined,
        searchPath: '',
        known: () => undefined,
        withDatabase: (url, work) => askDatabase(url, work, signal),
      });
      const said = found.questions.map(
        ({ subject, message, add, must }) => `${must ? 'NEEDED ' : ''}${subject}: ${message} | ${add}`,
      );
      assert.deepEqual(
        said.map((line) => line.replaceAll(root, 'ROOT')),
        [...asked, ...ALWAYS],
      );
    });
});

async function onDatabase(statements: string): Promise<void> {
  await using database = await connectDatabase(new Secret(ADDRESS), { signal });
  await database.run(statements);
}
