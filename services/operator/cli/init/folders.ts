import { readdir, stat } from 'node:fs/promises';
import { basename, isAbsolute, join, resolve } from 'node:path';
import type { FoundFolder, Question } from './found.ts';

/** What an application's folder holds, told apart: kept as files, kept as configuration, left out with the reason. */
export interface FoundFolders {
  readonly roots: readonly FoundFolder[];
  readonly trees: readonly FoundFolder[];
  readonly leftOut: readonly { readonly path: string; readonly reason: string }[];
  readonly questions: readonly Question[];
}

const DOCUMENTS = new Set([
  'storage',
  'media',
  'uploads',
  'upload',
  'documents',
  'files',
  'attachments',
  'data',
  'private',
  'protected',
  'archive',
]);
const LOGS = new Set(['logs', 'log']);
const SECRETS = new Set(['certificates', 'certs', 'cert', 'ssl', 'tls', 'keys', 'secrets']);
const LEFT_OUT: Readonly<Record<string, string>> = {
  static: 'collected static files: rebuilt by collectstatic',
  staticfiles: 'collected static files: rebuilt by collectstatic',
  run: 'process ids and sockets of the running application',
  tmp: 'temporary files',
  temp: 'temporary files',
  cache: 'a cache is rebuilt',
  node_modules: 'installed packages',
  venv: 'installed packages',
  env: 'installed packages',
  build: 'build output',
  dist: 'build output',
  htmlcov: 'build output',
};
const CODE = new Set([
  'templates',
  'locale',
  'tests',
  'test',
  'docs',
  'doc',
  'scripts',
  'bin',
  'requirements',
  'docker',
  'deploy',
  'infrastructure',
  'frontend',
  'fixtures',
  'assets',
  'src',
  '__pycache__',
]);
const FOLDER_VARIABLE = /(ROOT|DIR|DIRECTORY|FOLDER|PATH|STORAGE|MEDIA|UPLOADS?)$/;
const SECRET_VARIABLE = /CERT|KEY|SSL|TLS/;

/** Inclusion is the default: a folder nobody recognises is kept, and said. */
export async function findFolders(
  root: string,
  facts: {
    env: ReadonlyMap<string, string>;
    quoted: ReadonlySet<string>;
    settingsFolder: string | undefined;
  },
): Promise<FoundFolders> {
  const found = await Promise.all(
    (await listFolders(root)).map(async (name) => await classify(join(root, name))),
  );
  const named = await foldersOfVariables(root, facts.env);
  const absent = absentFolders(root, facts.quoted, new Set(found.map(({ folder }) => folder.name)));
  const all = [...found, ...named, ...absent];
  const settings =
    facts.settingsFolder === undefined
      ? []
      : [{ name: 'settings', path: facts.settingsFolder, optional: false, note: 'settings modules' }];
  const roots = withUniqueNames(
    outermost(all.filter(({ kind }) => kind === 'root').map(({ folder }) => folder)),
    new Set(),
  );
  const trees = withUniqueNames(
    outermost([...settings, ...all.filter(({ kind }) => kind === 'tree').map(({ folder }) => folder)]),
    new Set(roots.map(({ name }) => name)),
  );
  return {
    roots,
    trees: trees.filter((tree) => !roots.some((kept) => isInside(tree.path, kept.path))),
    leftOut: found.flatMap(({ kind, folder }) =>
      kind === 'left-out' ? [{ path: folder.path, reason: folder.note }] : [],
    ),
    questions: found.flatMap(({ kind, folder, known }) =>
      kind === 'root' && !known ? [unknownFolder(folder)] : [],
    ),
  };
}

interface Classified {
  readonly kind: 'root' | 'tree' | 'left-out' | 'code';
  readonly folder: FoundFolder;
  readonly known: boolean;
}

async function listFolders(root: string): Promise<readonly string[]> {
  const entries = await readdir(root, { withFileTypes: true });
  const folders = await Promise.all(
    entries.map(async (entry) =>
      entry.isDirectory() || (entry.isSymbolicLink() && (await isFolder(join(root, entry.name))))
        ? [entry.name]
        : [],
    ),
  );
  return folders
    .flat()
    .filter((name) => !name.startsWith('.'))
    .toSorted();
}

async function classify(path: string): Promise<Classified> {
  const name = basename(path);
  const lower = name.toLowerCase();
  const as = (kind: Classified['kind'], note: string, known = true): Classified => ({
    kind,
    folder: { name: tokenOf(name), path, optional: LOGS.has(lower) || !known, note },
    known,
  });
  if (DOCUMENTS.has(lower)) return as('root', 'documents and uploads');
  if (LOGS.has(lower)) return as('root', 'logs');
  if (SECRETS.has(lower)) return as('tree', 'certificates and keys');
  if (LEFT_OUT[lower] !== undefined) return as('left-out', LEFT_OUT[lower]);
  if (CODE.has(lower) || (await holdsPython(path))) return as('code', 'code');
  return as('root', 'not recognised: kept, because nothing is left out unasked', false);
}

async function holdsPython(path: string): Promise<boolean> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  return entries.some((entry) => entry.isFile() && entry.name.endsWith('.py'));
}

/** Folders that a variable names, wherever they are. */
async function foldersOfVariables(
  root: string,
  env: ReadonlyMap<string, string>,
): Promise<readonly Classified[]> {
  const named = [...env].filter(([name, value]) => FOLDER_VARIABLE.test(name) && value !== '');
  const found = await Promise.all(
    named.map(async ([name, value]): Promise<readonly Classified[]> => {
      const path = isAbsolute(value) ? resolve(value) : join(root, value);
      if (path === resolve(root) || !(await isFolder(path))) return [];
      const secret = SECRET_VARIABLE.test(name);
      const left = LEFT_OUT[basename(path).toLowerCase()] !== undefined;
      const folder = { name: tokenOf(basename(path)), path, optional: false, note: `named by ${name}` };
      return left ? [] : [{ kind: secret ? 'tree' : 'root', folder, known: true }];
    }),
  );
  return found.flat();
}

/** Named by the settings and not there now: absent is recorded, and not an error. */
function absentFolders(
  root: string,
  quoted: ReadonlySet<string>,
  present: ReadonlySet<string>,
): readonly Classified[] {
  return [...quoted].flatMap((name): readonly Classified[] => {
    if (present.has(name)) return [];
    const kind = SECRETS.has(name)
      ? 'tree'
      : name === 'logs' || name === 'storage' || name === 'media'
        ? 'root'
        : undefined;
    if (kind === undefined || name === 'secrets' || name === 'keys') return [];
    return [
      {
        kind,
        folder: { name, path: join(root, name), optional: true, note: 'named by the settings, absent now' },
        known: true,
      },
    ];
  });
}

/** A folder inside another kept one is kept with it. */
function outermost(folders: readonly FoundFolder[]): readonly FoundFolder[] {
  return folders.filter(
    (folder, at) =>
      !folders.some(
        (other, otherAt) => isInside(folder.path, other.path) && (folder.path !== other.path || otherAt < at),
      ),
  );
}

function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

function withUniqueNames(
  folders: readonly FoundFolder[],
  taken: ReadonlySet<string>,
): readonly FoundFolder[] {
  const used = new Set(taken);
  return folders.map((folder) => {
    const numbers = Array.from({ length: folders.length + taken.size + 1 }, (_, at) =>
      at === 0 ? folder.name : `${folder.name}-${at + 1}`,
    );
    const name = numbers.find((candidate) => !used.has(candidate)) ?? folder.name;
    used.add(name);
    return { ...folder, name };
  });
}

function unknownFolder(folder: FoundFolder): Question {
  return {
    subject: folder.path,
    message: 'folder is neither code nor known; it is kept as an optional root',
    add: `remove root ${folder.name} from files.roots if it can be rebuilt`,
    must: false,
  };
}

/** Lower case letters, digits and dashes, as names of roots and deployments are. */
export function tokenOf(name: string): string {
  const token = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 63);
  return token === '' ? 'folder' : token.replaceAll(/-+$/g, '');
}

async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
