import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { HoldfastError } from '#libs/kernel/errors.ts';

/** A Django project as it lies on disk. */
export interface Project {
  readonly root: string;
  readonly settingsModule: string | undefined;
  /** The folder that holds the settings: the settings package itself, or the package around settings.py. */
  readonly settingsFolder: string | undefined;
  /** The package that settings, urls and wsgi live in. */
  readonly packageFolder: string | undefined;
  /** Its Python text: what names variables and folders. */
  readonly source: string;
}

const NAMED = /DJANGO_SETTINGS_MODULE["']\s*,\s*["']([A-Za-z_][\w.]*)["']/;
/** A settings package is small; this bounds what a mistaken root could make us read. */
const SOURCE_FILES_MAX = 300;
const SOURCE_BYTES_MAX = 256 << 10;

/** Throws USAGE when there is no manage.py. */
export async function readProject(root: string, env: ReadonlyMap<string, string>): Promise<Project> {
  const manage = await readFile(join(root, 'manage.py'), 'utf8').catch(() => undefined);
  if (manage === undefined) {
    throw new HoldfastError('USAGE', {
      folder: root,
      reason: 'no manage.py in it',
      remedy: 'give the folder of manage.py: --app FOLDER; or write the spec by hand: --spec FILE',
    });
  }
  const packages = await listPackages(root);
  const named =
    env.get('DJANGO_SETTINGS_MODULE') || NAMED.exec(manage)?.[1] || (await findNamed(root, packages));
  const settingsFolder = named === undefined ? undefined : await findSettingsFolder(root, named);
  const packageFolder = named === undefined ? undefined : join(root, named.split('.')[0]!);
  const source = packageFolder === undefined ? manage : `${manage}\n${await readSource(packageFolder)}`;
  return { root, settingsModule: named, settingsFolder, packageFolder, source };
}

/** Folders directly below that are Python packages. */
async function listPackages(root: string): Promise<readonly string[]> {
  const entries = await readdir(root, { withFileTypes: true });
  const folders = entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => entry.name);
  const marked = await Promise.all(
    folders.map(async (name) => ((await exists(join(root, name, '__init__.py'))) ? [name] : [])),
  );
  return marked.flat();
}

async function findNamed(root: string, packages: readonly string[]): Promise<string | undefined> {
  for (const name of packages) {
    const found = NAMED.exec(await readSource(join(root, name)));
    if (found !== null) return found[1];
    if (await exists(join(root, name, 'settings.py'))) return `${name}.settings`;
  }
  return undefined;
}

async function findSettingsFolder(root: string, module: string): Promise<string | undefined> {
  const file = `${join(root, ...module.split('.'))}.py`;
  if (await exists(file)) return dirname(file);
  const folder = join(root, ...module.split('.'));
  return (await exists(folder)) ? folder : undefined;
}

async function readSource(folder: string): Promise<string> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = names
    .filter((entry) => entry.isFile() && entry.name.endsWith('.py'))
    .map((entry) => join(entry.parentPath, entry.name))
    .slice(0, SOURCE_FILES_MAX);
  const texts = await Promise.all(
    files.map(async (file) =>
      (await stat(file)).size > SOURCE_BYTES_MAX ? '' : await readFile(file, 'utf8'),
    ),
  );
  return texts.join('\n');
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

/** Every name that stands in quotes in the settings: variables that are read, folders that are used. Pure. */
export function quotedNames(source: string): ReadonlySet<string> {
  return new Set([...source.matchAll(/["']([A-Za-z_][\w/.-]*)["']/g)].map((match) => match[1]!));
}
